// The one table of what the package consists of: scripts/build.mjs makes it, test/package.test.mjs compares
// package.json with it. A row whose source is not there, or whose module was not compiled, is left out.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * WebAssembly: the folder of its crate beside this one, what wasm-pack calls its output, its file in dist/, and the
 * features and flags it is compiled with. Sources import its glue code, if there is any, and what loads it under the name in
 * `wamplex:NAME/glue` and `wamplex:NAME/wasm`.
 */
export const MODULES = {
  // What is worth it is inlined by the sources; the rest packs smaller without, and is no slower. The stack of Rust would be
  // most of the memory.
  core: {
    crate: '.', output: 'wamplex_wasm', file: 'wamplex.wasm', features: ['standalone'], glue: false,
    rustflags: '-Cllvm-args=-inline-threshold=25 -Cllvm-args=-unroll-count=1 -Clink-arg=-zstack-size=131072',
  },
  argon2: { crate: 'argon2', output: 'wamplex_argon2', file: 'argon2.wasm', features: [], glue: false },
  testing: { crate: 'testing', output: 'wamplex_testing', file: 'testing.wasm', features: [] },
};

/** Runtimes that compile nothing while they run: how they import a file and get a `WebAssembly.Module`. */
export const FILE_SUFFIX = { workerd: '', 'edge-light': '?module' };

/** For runtimes without some class that all others have: a source that exports it, to be used wherever it is named. */
export const STANDINS = { 'edge-light': ['src/edge-light.ts'] };

/** Small audited cryptography, for what has to be done without WebCrypto. */
const NOBLE = ['@noble/ed25519', '@noble/hashes'];

/**
 * Entries: the name of each in `exports` (none: only other entries load it), its source, its declarations, its file for
 * each condition in the order of `exports`, the packages that it imports, and the WebAssembly it has inside. `wamplex`
 * among the packages is this one, so that client, errors and module exist once in a program, whatever it imports; in a
 * row with a `global`, a script that defines a variable of that name, it is inside. So are packages named as `inside`.
 * A row with `client` has the client itself inside. A row with `part` is made of classes of the client that loads it.
 */
export const ENTRIES = [
  {
    name: '.', source: 'src/main.ts', types: 'index.d.ts', packages: [], module: 'core', client: true,
    files: { workerd: 'workerd.js', 'edge-light': 'edge-light.js', default: 'inline.js' },
  },
  { name: './slim', source: 'src/slim.ts', types: 'index.d.ts', packages: [], client: true, files: { default: 'slim.js' } },
  {
    source: 'src/argon2/index.ts', packages: [], module: 'argon2',
    files: { workerd: 'argon2-workerd.js', 'edge-light': 'argon2-edge-light.js', default: 'argon2.js' },
  },
  { source: 'src/meta/index.ts', packages: [], files: { default: 'meta.js' } },
  { source: 'src/serve/index.ts', packages: [], part: 'serve', files: { default: 'serve.js' } },
  { ...side('autobahn'), inside: NOBLE },
  { source: 'src/autobahn/members.ts', packages: [], inside: NOBLE, module: 'core', global: 'autobahn', files: { default: 'autobahn.global.js' } },
  side('worker'),
  side('rawsocket', 'node:net', 'node:tls'),
  { ...side('passthru'), packages: [] },
  side('react', 'react'),
  side('vue', 'vue'),
  side('svelte', 'svelte'),
  { ...side('testing'), module: 'testing', files: { workerd: 'testing-workerd.js', default: 'testing.js' } },
];

function side(name, ...frameworks) {
  return {
    name: `./${name}`, source: `src/${name}/index.ts`, types: `${name}.d.ts`, packages: ['wamplex', ...frameworks],
    files: { default: `${name}.js` },
  };
}

/** Where wasm-pack puts a module and its glue code. */
export function compiled(name) {
  const { crate, output } = MODULES[name];
  const folder = join(root, '..', crate, 'pkg');
  return { glue: join(folder, `${output}.js`), wasm: join(folder, `${output}_bg.wasm`) };
}

/** The rows whose source is there. */
export function presentEntries() {
  return ENTRIES.filter(({ source }) => existsSync(join(root, source)));
}

/** The rows that can be built. */
export function buildableEntries() {
  return presentEntries().filter(({ module }) => !module || existsSync(compiled(module).wasm));
}

/** The names of what those have inside. */
export function modulesOf(entries) {
  return entries.flatMap(({ module }) => module ?? []);
}

/** What `exports` in package.json has to be. */
export function packageExports() {
  const exported = {};
  for (const { name, types, files } of ENTRIES) {
    if (!name) continue;
    exported[name] = { types: `./dist/${types}` };
    for (const [condition, file] of Object.entries(files)) exported[name][condition] = `./dist/${file}`;
  }
  return { ...exported, './wamplex.wasm': './dist/wamplex.wasm', './package.json': './package.json' };
}
