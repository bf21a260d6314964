// What is asked of the tarball itself. Each takes its file, and returns what it found or throws what is wrong.
import { readdirSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { ENTRIES, root } from '../scripts/entries.mjs';
import { install } from './install.mjs';
import { contents } from './pack.mjs';
import { run } from './processes.mjs';

const SECONDS = 600;

export const CHECKS = {
  /** Nothing but dist/ as it was built, the guides, and what every package has. */
  contents(tarball) {
    const dist = readdirSync(join(root, 'dist'), { recursive: true }).filter((name) => extname(name) !== '').map((name) => `dist/${name}`);
    const guides = readdirSync(join(root, 'docs')).map((name) => `docs/${name}`);
    const wanted = ['LICENSE-APACHE', 'LICENSE-MIT', 'README.md', 'package.json', ...guides, ...dist];
    const found = contents(tarball);
    const wrong = [...wanted.filter((name) => !found.includes(name)).map((name) => `missing: ${name}`),
      ...found.filter((name) => !wanted.includes(name)).map((name) => `not wanted: ${name}`)];
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
    return `${found.length} files`;
  },

  /** Types are found in every way of resolving but the two that know no `exports` or no modules. */
  async attw(tarball) {
    const folder = await install('checks', tarball);
    await run(['attw', tarball, '--profile', 'esm-only', '--exclude-entrypoints', './wamplex.wasm', '--no-emoji', '--no-color'], folder, SECONDS);
    return 'clean';
  },

  async publint(tarball) {
    const folder = await install('checks', tarball);
    const printed = await run(['publint', 'run', tarball, '--strict'], folder, SECONDS);
    if (!printed.includes('All good!')) throw new Error(printed);
    return 'clean';
  },

  /** What is installed compiles under --strict with no library but the language's, where no framework is asked for. */
  async types(tarball) {
    const folder = await install('checks', tarball);
    const plain = ENTRIES.filter(({ name, packages }) => name && packages.every((other) => other === 'wamplex'));
    const framed = ENTRIES.filter(({ name }) => name);
    for (const [libraries, entries] of [['es2022', plain], ['es2022,dom', framed]]) {
      const names = entries.map(({ name }) => name.replace('.', 'wamplex'));
      writeFileSync(join(folder, 'all.ts'), names.map((name, i) => `export * as entry${i} from '${name}';\n`).join(''));
      const options = ['--ignoreConfig', '--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2022', '--lib', libraries, '--types', ''];
      for (const [module, resolution] of [['nodenext', 'nodenext'], ['esnext', 'bundler']]) {
        await run(['tsc', ...options, '--module', module, '--moduleResolution', resolution, 'all.ts'], folder, SECONDS);
      }
    }
    return `${framed.length} entries, ${plain.length} of them with lib es2022 alone`;
  },

  /** Every entry can be imported and required, with its frameworks beside it, and nothing of it needs a page. */
  async loads(tarball) {
    const folder = await install('checks', tarball);
    const names = ENTRIES.filter(({ name }) => name).map(({ name }) => name.replace('.', 'wamplex'));
    writeFileSync(join(folder, 'all.cjs'), names.map((name) => `require('${name}');\n`).join(''));
    writeFileSync(join(folder, 'all.mjs'), names.map((name) => `import '${name}';\n`).join(''));
    for (const file of ['all.cjs', 'all.mjs']) await run(['node', file], folder, SECONDS);
    return `${names.length} entries`;
  },
};
