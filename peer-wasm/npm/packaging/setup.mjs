// Installs what the apps need, so that a run only installs the package itself.
import { apps, installDependencies } from './install.mjs';

for (const name of apps()) await installDependencies(name, () => console.log(`installing the app ${name}`));
