// The test files as pages load them: what they import of the built package stays outside, what they import of Node is
// replaced by what is in page/.
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { compiledModules } from '../../scripts/compiled.mjs';
import { root } from '../../scripts/entries.mjs';
import { REMOTE } from './control.mjs';

const page = (name) => fileURLToPath(new URL(`page/${name}`, import.meta.url));
const tests = join(root, 'test');

const REPLACED = {
  'node:test': page('node-test.mjs'),
  'node:assert': page('assert.mjs'),
  'node:assert/strict': page('assert.mjs'),
  'node:crypto': page('crypto.mjs'),
  'node:fs/promises': page('files.mjs'),
  'node:timers/promises': page('timers.mjs'),
  ws: page('ws.mjs'),
};

/** One test file and the shims as one module, which exports `finish` and `uncaught`. */
export async function testBundle(file) {
  return bundle({
    stdin: {
      contents: `import './${file}';\nexport { finish, uncaught } from 'node:test';`,
      resolveDir: tests,
      sourcefile: 'page.mjs',
    },
    inject: [page('globals.mjs')],
    // package.json says that nothing here has side effects, and tests are nothing else.
    ignoreAnnotations: true,
    plugins: [{ name: 'for browsers', setup: forBrowsers }],
  });
}

/** A script for workers, which know no import maps: with the built package inside. */
export async function workerBundle(name) {
  const { imports } = await importMap();
  const alias = Object.fromEntries(Object.entries(imports).map(([entry, path]) => [entry, join(root, path)]));
  return bundle({ entryPoints: [page(name)], alias, format: 'iife' });
}

/** One module of the package, for tests of what it does not export. */
export function sourceBundle(name) {
  return bundle({ entryPoints: [join(root, 'src', name)], plugins: [compiledModules('default')] });
}

async function bundle(options) {
  const { outputFiles } = await build({
    bundle: true, write: false, format: 'esm', target: 'es2022', logLevel: 'silent', sourcemap: 'inline', ...options,
  });
  return outputFiles[0].contents;
}

function forBrowsers(b) {
  b.onResolve({ filter: /^wamplex(\/|$)/ }, ({ path }) => ({ path, external: true }));
  b.onResolve({ filter: /\/dist\/[^/]*\.js$/ }, ({ path }) => ({ path: `/dist/${basename(path)}`, external: true }));
  b.onResolve({ filter: /^(node:.*|ws|esbuild)$/ }, ({ path }) => (REPLACED[path] ? { path: REPLACED[path] } : { path, namespace: 'absent' }));
  b.onLoad({ filter: /./, namespace: 'absent' }, async ({ path }) => ({ contents: await functionsOf('absent', path, path), resolveDir: page('') }));
  b.onResolve({ filter: /\/(sources|proxy)\.mjs$/ }, ({ path, importer }) => importer.startsWith(tests) && !importer.startsWith(page('')) ? { path: page(basename(path)) } : undefined);
  b.onResolve({ filter: /^\.\.?\/[^/]*\.mjs$/ }, ({ path, resolveDir }) => {
    const name = basename(path);
    if (REMOTE.includes(name) && join(resolveDir, path) === join(tests, name)) return { path: name, namespace: 'remote' };
  });
  b.onLoad({ filter: /./, namespace: 'remote' }, async ({ path }) => {
    const at = new URL(`../${path}`, import.meta.url).href;
    return { contents: await functionsOf('remote', path, at), resolveDir: page('') };
  });
}

/** What a module of Node exports, as functions that page/remote.mjs or page/absent.mjs makes. */
async function functionsOf(kind, module, at) {
  const [file, make] = kind === 'remote' ? ['./remote.mjs', 'remoteFunction'] : ['./absent.mjs', 'absent'];
  const names = Object.keys(await import(at)).filter((name) => name !== 'default');
  const lines = names.map((name) => `export const ${name} = ${make}(${JSON.stringify(module)}, ${JSON.stringify(name)});`);
  return [`import { ${make} } from '${file}';`, ...lines, 'export default {};'].join('\n');
}

/** Where pages find `wamplex` and its entries: the built files, as they are. */
export async function importMap() {
  const { exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const found = Object.entries(exports).filter(([, to]) => to.default);
  return { imports: Object.fromEntries(found.map(([name, to]) => [`wamplex${name.slice(1)}`, to.default.slice(1)])) };
}
