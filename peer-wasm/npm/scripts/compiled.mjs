// What the sources import as `wamplex:…` (src/modules.d.ts), for one condition of `exports`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { ENTRIES, FILE_SUFFIX, MODULES, root } from './entries.mjs';

/** A plugin of esbuild. */
export function compiledModules(condition) {
  return { name: 'compiled modules', setup: (build) => setup(build, condition) };
}

/** Where wasm-pack has put a module and its glue code. */
export function compiled({ crate, output }) {
  const folder = join(root, '..', crate, 'pkg');
  return { glue: join(folder, `${output}.js`), wasm: join(folder, `${output}_bg.wasm`) };
}

function setup(build, condition) {
  build.onResolve({ filter: /^wamplex:/ }, ({ path }) => {
    const [name, part] = path.slice('wamplex:'.length).split('/');
    if (part === 'glue') return { path: compiled(MODULES[name]).glue };
    if (part === 'wasm') return { path: name, namespace: 'wamplex' };
    return { path: `./${fileOf(name, condition)}`, external: true };
  });
  build.onResolve({ filter: /\.wasm(\?module)?$/, namespace: 'wamplex' }, ({ path }) => ({ path, external: true }));
  build.onLoad({ filter: /./, namespace: 'wamplex' }, ({ path: name }) => ({ contents: loader(MODULES[name], condition), resolveDir: root }));
}

/** The file of an entry that others load when they need it. */
function fileOf(name, condition) {
  const { files } = ENTRIES.find(({ source }) => source === `src/${name}/index.ts`);
  return files[condition] ?? files.default;
}

/** A module whose default export gives the WebAssembly module: the file beside it, or what it has inside. */
function loader(module, condition) {
  if (condition in FILE_SUFFIX) {
    return `import module from './${module.file}${FILE_SUFFIX[condition]}';\nexport default () => module;`;
  }
  const packed = deflateRawSync(readFileSync(compiled(module).wasm), { level: 9 }).toString('base64');
  return `import { inflated } from './src/inflate.ts';\nexport default () => inflated(${JSON.stringify(packed)});`;
}
