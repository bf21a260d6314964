// Builds dist/: the compiled modules, the entry points of scripts/entries.mjs and their declarations. The licences come along.
//   node scripts/build.mjs          as published
//   node scripts/build.mjs --dev    unoptimised, for the inner loop
//   node scripts/build.mjs --js     with the modules that were compiled before
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';
import { compiledModules } from './compiled.mjs';
import { INTERNALS } from './internals.mjs';
import { MODULES, STANDINS, buildableEntries, compiled, modulesOf, presentEntries, root } from './entries.mjs';

/** What panics of the standard library say where nobody hears them: the optimiser leaves out what is zero. */
const PANICS = /(?:\/rustc|cargo\/registry)\/[ -~]*?\.rs|memory allocation of|bytes failed|capacity overflow|(?:\d\d){100}/g;

const flags = new Set(process.argv.slice(2));
const repository = resolve(root, '../..');
const dist = (...names) => join(root, 'dist', ...names);

/** Names that are shortened, the same in all files: what one of them loads is made for it. */
let shortened = {};

if (!flags.has('--js')) modulesOf(presentEntries()).forEach(compile);
const entries = buildableEntries();
for (const { source } of presentEntries().filter((entry) => !entries.includes(entry))) {
  console.warn(`NOT BUILT: ${source}, whose module was not compiled: build without --js`);
}
rmSync(dist(), { recursive: true, force: true });
mkdirSync(dist());
for (const entry of entries) await bundle(entry);
for (const name of readdirSync(root)) if (name.endsWith('.d.ts')) copyFileSync(join(root, name), dist(name));
cpSync(join(root, 'declarations'), dist('declarations'), { recursive: true });
modulesOf(entries).forEach(copyModule);
for (const name of readdirSync(repository)) if (name.startsWith('LICENSE-')) copyFileSync(join(repository, name), join(root, name));

function compile(name) {
  // The optimiser has to be the one from the package: old ones on the PATH write broken modules without a word.
  const PATH = join(root, 'node_modules', '.bin') + delimiter + process.env.PATH;
  // What is published is the same wherever it was built, and says nothing about where.
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), '.cargo');
  const RUSTFLAGS = `${process.env.RUSTFLAGS ?? ''} --remap-path-prefix=${cargoHome}=cargo ${MODULES[name].rustflags ?? ''}`;
  const options = { env: { ...process.env, PATH, RUSTFLAGS }, stdio: 'inherit', cwd: repository };
  if (MODULES[name].glue === false) compilePlain(name, options);
  else compileWithGlue(MODULES[name], options);
}

function compileWithGlue({ crate, output, features }, options) {
  const profile = flags.has('--dev') ? ['--dev', '--no-opt'] : ['--profile', 'release-wasm'];
  const what = ['--target', 'web', '--mode', 'no-install', '--no-pack', '--no-typescript', '--out-name', output];
  const cargo = features.length > 0 ? ['--', '--features', features.join(',')] : [];
  execFileSync('wasm-pack', ['build', join(root, '..', crate), ...what, ...profile, ...cargo], options);
}

/** A module that JavaScript calls as it is; it is put where wasm-pack would put it. */
function compilePlain(name, options) {
  const { crate, output, features } = MODULES[name];
  const profile = flags.has('--dev') ? 'dev' : 'release-wasm';
  const target = 'wasm32-unknown-unknown';
  execFileSync('cargo', ['build', '--lib', '--target', target, '--profile', profile, '--manifest-path', join(root, '..', crate, 'Cargo.toml'), '--features', features.join(',')], options);
  const folder = resolve(options.cwd, process.env.CARGO_TARGET_DIR ?? 'target', target, flags.has('--dev') ? 'debug' : profile);
  const { wasm } = compiled(name);
  mkdirSync(dirname(wasm), { recursive: true });
  const built = join(folder, `${output}.wasm`);
  if (flags.has('--dev')) return copyFileSync(built, wasm);
  writeFileSync(wasm, readFileSync(built, 'latin1').replace(PANICS, (words) => '\0'.repeat(words.length)), 'latin1');
  execFileSync('wasm-opt', ['-O3', '--converge', '--strip-producers', '--strip-target-features', wasm, '-o', wasm], options);
  exportOnly((name) => !name.startsWith('__'), wasm, options);
}

/** Linkers export where the data ends, which no JavaScript asks for. */
function exportOnly(isWanted, wasm, options) {
  const names = WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(wasm))).map(({ name }) => name).filter(isWanted);
  const graph = [{ name: 'page', root: true, reaches: names }, ...names.map((name) => ({ name, export: name }))];
  writeFileSync(`${wasm}.json`, JSON.stringify(graph));
  execFileSync('wasm-metadce', ['--all-features', `--graph-file=${wasm}.json`, wasm, '-o', wasm], { ...options, stdio: ['ignore', 'ignore', 'inherit'] });
  rmSync(`${wasm}.json`);
}

/** One file for each condition, with everything in it but the packages that the table names. */
async function bundle({ source, files, packages, inside = [], global, client, part }) {
  for (const [condition, file] of Object.entries(files)) {
    const { metafile, mangleCache } = await build({
      absWorkingDir: root,
      entryPoints: [source],
      outfile: dist(file),
      bundle: true,
      inject: STANDINS[condition] ?? [],
      external: packages,
      ...(global ? { format: 'iife', minifyWhitespace: true, minifyIdentifiers: true, globalName: global, alias: { wamplex: dist('inline.js') } } : { format: 'esm' }),
      // Minifiers of applications put no constants in the place of their names, which are variables in what is bundled already.
      ...((client || part) && { mangleProps: new RegExp(`^(${INTERNALS.join('|')})$`), mangleCache: shortened, minifySyntax: true }),
      target: 'es2022',
      charset: 'utf8',
      // What others wrote keeps its licence.
      legalComments: 'inline',
      metafile: true,
      plugins: [compiledModules(condition, part)],
    });
    shortened = mangleCache ?? shortened;
    if (part) writeFileSync(dist(file), asFunction(readFileSync(dist(file), 'utf8')));
    const imported = metafile.outputs[`dist/${file}`].imports.map(({ path }) => path).filter((path) => !path.startsWith('./'));
    const swallowed = Object.keys(metafile.inputs).flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
    for (const path of [...imported.filter((name) => !packages.includes(name)), ...swallowed.filter((name) => !inside.includes(name))]) {
      throw new Error(`${source} imports ${path}: name it in scripts/entries.mjs`);
    }
  }
}

/** A module that exports a function: it makes of what is shared what the bundle exports. */
function asFunction(bundled) {
  return `export default function(shared) {\n${bundled.replace(/export \{\s*(\w+)\s*\};\s*$/, 'return $1;\n')}}\n`;
}

/** For those who load it themselves, and for runtimes that load files. */
function copyModule(name) {
  const { file } = MODULES[name];
  copyFileSync(compiled(name).wasm, dist(file));
  console.log(`dist/${file} ${statSync(dist(file)).size} bytes`);
}
