// The test files as pages load them: what they import of the built package stays outside, what they import of Node is
// replaced by what is in page/.
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { root } from '../../scripts/entries.mjs';
import { REMOTE } from './control.mjs';

const page = (name) => fileURLToPath(new URL(`page/${name}`, import.meta.url));
const tests = join(root, 'test');

const REPLACED = {
  'node:test': page('node-test.mjs'),
  'node:assert': page('assert.mjs'),
  'node:assert/strict': page('assert.mjs'),
  'node:crypto': page('crypto.mjs'),
  'node:module': page('module.mjs'),
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

/** One module of the package, for tests of what it does not export. */
export function sourceBundle(name) {
  return bundle({ entryPoints: [join(root, 'src', name)] });
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
  b.onResolve({ filter: /^(node:|ws$)/ }, ({ path }) => {
    if (REPLACED[path]) return { path: REPLACED[path] };
    return { errors: [{ text: `'${path}' is not in browsers: name the test in test/browsers/skipped.mjs, or what it needs in page/` }] };
  });
  b.onResolve({ filter: /\/sources\.mjs$/ }, () => ({ path: page('sources.mjs') }));
  b.onResolve({ filter: /^\.\.?\/[^/]*\.mjs$/ }, ({ path, resolveDir }) => {
    const name = basename(path);
    if (REMOTE.includes(name) && join(resolveDir, path) === join(tests, name)) return { path: name, namespace: 'remote' };
  });
  b.onLoad({ filter: /./, namespace: 'remote' }, async ({ path }) => ({ contents: await stubs(path), resolveDir: dirname(page('')) }));
}

/** Functions of a module that runs in Node, for pages. */
async function stubs(name) {
  const functions = Object.keys(await import(new URL(`../${name}`, import.meta.url)));
  const lines = functions.map((one) => `export const ${one} = remoteFunction(${JSON.stringify(name)}, ${JSON.stringify(one)});`);
  return [`import { remoteFunction } from './page/remote.mjs';`, ...lines].join('\n');
}

/** Where pages find `wamplex` and its entries: the built files, as they are. */
export async function importMap() {
  const { exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const found = Object.entries(exports).filter(([, to]) => to.default);
  return { imports: Object.fromEntries(found.map(([name, to]) => [`wamplex${name.slice(1)}`, to.default.slice(1)])) };
}
