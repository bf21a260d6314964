// Builds dist/: the compiled core, the entry points with everything in them, and the types.
//   node scripts/build.mjs          as published
//   node scripts/build.mjs --dev    unoptimised, for the inner loop
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';
import { build } from 'esbuild';

const here = dirname(dirname(fileURLToPath(import.meta.url)));
const crate = dirname(here);
const glue = join(crate, 'pkg', 'wamplex_wasm.js');
const wasm = join(crate, 'pkg', 'wamplex_wasm_bg.wasm');
const dev = process.argv.includes('--dev');

compileCrate();
rmSync(join(here, 'dist'), { recursive: true, force: true });
mkdirSync(join(here, 'dist'));
copyFileSync(wasm, join(here, 'dist', 'wamplex.wasm'));
copyFileSync(join(here, 'index.d.ts'), join(here, 'dist', 'index.d.ts'));
await bundle();
console.log(`dist/wamplex.wasm ${statSync(wasm).size} bytes`);

function compileCrate() {
  // The optimiser has to be the one from the package: old ones on the PATH write broken modules without a word.
  const PATH = join(here, 'node_modules', '.bin') + delimiter + process.env.PATH;
  // What is published is the same wherever it was built, and says nothing about where.
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), '.cargo');
  const RUSTFLAGS = `${process.env.RUSTFLAGS ?? ''} --remap-path-prefix=${cargoHome}=cargo`;
  const env = { ...process.env, PATH, RUSTFLAGS };
  const profile = dev ? ['--dev', '--no-opt'] : ['--profile', 'release-wasm'];
  const args = ['build', crate, '--target', 'web', '--mode', 'no-install', '--no-pack', '--no-typescript', ...profile, '--', '--features', 'standalone'];
  execFileSync('wasm-pack', args, { env, stdio: 'inherit' });
}

function bundle() {
  return build({
    absWorkingDir: here,
    entryPoints: ['src/inline.ts', 'src/slim.ts', 'src/workerd.ts'],
    outdir: 'dist',
    bundle: true,
    format: 'esm',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
    plugins: [{ name: 'compiled core', setup: compiledCore }],
  });
}

/** Resolves the modules that src/modules.d.ts declares. */
function compiledCore(b) {
  b.onResolve({ filter: /^wamplex:glue$/ }, () => ({ path: glue }));
  b.onResolve({ filter: /^wamplex:file$/ }, () => ({ path: './wamplex.wasm', external: true }));
  b.onResolve({ filter: /^wamplex:inline$/ }, () => ({ path: 'inline', namespace: 'wamplex' }));
  b.onLoad({ filter: /./, namespace: 'wamplex' }, () => {
    const packed = deflateRawSync(readFileSync(wasm), { level: 9 }).toString('base64');
    return { contents: `export const module = ${JSON.stringify(packed)};` };
  });
}
