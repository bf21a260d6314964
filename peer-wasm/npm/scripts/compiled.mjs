// What the sources import as `wamplex:…` (src/modules.d.ts), for one condition of `exports`.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ENTRIES, FILE_SUFFIX, MODULES, compiled, root } from './entries.mjs';

const MAKER = join(root, 'src/decode/maker.ts');
const IMPORT = /^import \{(.*)\} from '(.*)';$/gm;
/** The only one that parts have themselves: its constants leave nothing behind. */
const ENUMS = '../core.js';

/** A plugin of esbuild. What is built may be a part that clients hand over to what it needs. */
export function compiledModules(condition, part) {
  return { name: 'compiled modules', setup: (build) => setup(build, condition, part) };
}

function setup(build, condition, part) {
  if (part) build.onResolve({ filter: /^\.\.\// }, ({ path }) => (path === ENUMS ? undefined : { path: part, namespace: 'taken' }));
  build.onLoad({ filter: /./, namespace: 'taken' }, () => ({ contents: `export const [${namesOf(sharedWith(part))}] = shared;` }));
  build.onLoad({ filter: /./, namespace: 'given' }, ({ path }) => ({ contents: given(sharedWith(path)), resolveDir: join(root, 'src', path) }));
  build.onResolve({ filter: /^wamplex:makers$/ }, () => ({ path: 'makers', namespace: 'copies' }));
  build.onLoad({ filter: /./, namespace: 'copies' }, () => ({ contents: copies(12), resolveDir: dirname(MAKER), loader: 'ts' }));
  build.onResolve({ filter: /^wamplex:/ }, ({ path }) => {
    const [name, part] = path.slice('wamplex:'.length).split('/');
    if (part === 'glue') return { path: compiled(name).glue };
    if (part === 'wasm') return { path: name, namespace: 'wamplex' };
    if (part === 'shared') return { path: name, namespace: 'given' };
    return { path: `./${fileOf(name, condition)}`, external: true };
  });
  build.onResolve({ filter: /\.wasm(\?module)?$/, namespace: 'wamplex' }, ({ path }) => ({ path, external: true }));
  build.onLoad({ filter: /./, namespace: 'wamplex' }, ({ path: name }) => ({ contents: loader(name, condition), resolveDir: root }));
}

/** The file of an entry that others load when they need it. */
function fileOf(name, condition) {
  const { files } = ENTRIES.find(({ source }) => source === `src/${name}/index.ts`);
  return files[condition] ?? files.default;
}

/** What the sources of a part import of others: the names by where they come from. */
function sharedWith(part) {
  const folder = join(root, 'src', part);
  const imported = new Map();
  for (const file of readdirSync(folder).sort()) {
    for (const [, names, from] of readFileSync(join(folder, file), 'utf8').matchAll(IMPORT)) {
      if (!from.startsWith('../') || from === ENUMS) continue;
      const known = imported.get(from) ?? imported.set(from, new Set()).get(from);
      for (const name of names.split(',')) if (!/^\s*(type .*)?$/.test(name)) known.add(name.trim());
    }
  }
  return imported;
}

function namesOf(imported) {
  return [...imported.values()].flatMap((names) => [...names]);
}

/** A module whose default export is the list of what a part shares. */
function given(imported) {
  const imports = Array.from(imported, ([from, names]) => `import { ${[...names]} } from '${from}';\n`);
  return `${imports.join('')}export default [${namesOf(imported)}];`;
}

/** A module whose default export is a list of copies of one function: side by side, and without names, they compress to nothing. */
function copies(count) {
  const [before, maker] = readFileSync(MAKER, 'utf8').split('export default ');
  return `${before}export default [${Array(count).fill(maker.replace(/;\s*$/, ''))}];`;
}

/** A module whose default export gives the WebAssembly module: the file beside it, or what it has inside. */
function loader(name, condition) {
  if (condition in FILE_SUFFIX) {
    return `import module from './${MODULES[name].file}${FILE_SUFFIX[condition]}';\nexport default () => module;`;
  }
  return `import { unpacked } from './src/unpack.ts';\nexport default () => unpacked(${JSON.stringify(packed(readFileSync(compiled(name).wasm)))});`;
}

/** Bytes as printable text: 91 of them are one character, the others two. src/unpack.ts reads it. */
function packed(bytes) {
  const digit = (n) => String.fromCharCode(n + (n > 58 ? 34 : n > 1 ? 33 : 32));
  return Array.from(bytes, (byte) => (byte > 90 ? digit(90 + Math.floor(byte / 91)) : '') + digit(byte % 91)).join('');
}
