// Makes an app of its template in .work/, with the package installed from its tarball. Done again only when something changed.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './processes.mjs';

const here = dirname(fileURLToPath(import.meta.url));
/** Where everything is that may be deleted at any time. */
export const work = join(here, '.work');

const SECONDS = 900;

/** Stamps. */
const DEPENDENCIES = '.dependencies';
const TARBALL = '.tarball';
const KEPT = [DEPENDENCIES, TARBALL, 'node_modules'];

/** The folder of an app that is ready to be built. */
export async function install(name, tarball) {
  const folder = await installDependencies(name);
  // Whatever the last build left would be mistaken for this one's.
  for (const left of readdirSync(folder)) {
    if (!KEPT.includes(left)) rmSync(join(folder, left), { recursive: true });
  }
  for (const from of [join(here, 'shared'), join(here, 'apps', name)]) cpSync(from, folder, { recursive: true });
  await unlessDone(join(folder, TARBALL), [tarball], () => installTarball(folder, tarball));
  // Bundlers keep what they made of a package for as long as its version stays the same.
  for (const cache of ['.vite', '.cache']) rmSync(join(folder, 'node_modules', cache), { recursive: true, force: true });
  return folder;
}

/** Adds the package to what is in a folder. What it asks for itself comes in the version of our lock file. */
export async function installTarball(folder, tarball) {
  const [ours, lock] = ['package.json', 'package-lock.json'].map((file) => JSON.parse(readFileSync(join(here, '..', file), 'utf8')));
  const pinned = Object.keys(ours.optionalDependencies).map((name) => [name, lock.packages[`node_modules/${name}`].version]);
  const manifest = join(folder, 'package.json');
  const text = readFileSync(manifest, 'utf8');
  writeFileSync(manifest, JSON.stringify({ ...JSON.parse(text), overrides: { wamplex: Object.fromEntries(pinned) } }));
  await npm(folder, 'install', '--no-save', '--no-package-lock', '--prefer-offline', tarball);
  writeFileSync(manifest, text);
}

/** The folder of an app with all that it needs but the package; tells if there is something to do. */
export async function installDependencies(name, tell = () => {}) {
  const folder = join(work, name);
  const files = ['package.json', 'package-lock.json'].map((file) => join(here, 'apps', name, file));
  await unlessDone(join(folder, DEPENDENCIES), files, async () => {
    tell();
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const file of files) cpSync(file, join(folder, basename(file)));
    // Not `npm ci`: it gives up where the lock file lacks an optional package for another system.
    await npm(folder, 'install');
  });
  return folder;
}

/** The names of the apps. */
export function apps() {
  return readdirSync(join(here, 'apps'));
}

function npm(folder, ...args) {
  return run(['npm', ...args, '--no-audit', '--no-fund', '--loglevel=error'], folder, SECONDS);
}

/** Does something unless the stamp says that it was done with these very files, on this version of Node. */
async function unlessDone(stamp, files, todo) {
  const hash = createHash('sha256').update(process.version);
  for (const file of files) hash.update(readFileSync(file));
  const state = hash.digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === state) return;
  rmSync(stamp, { force: true });
  await todo();
  writeFileSync(stamp, state);
}
