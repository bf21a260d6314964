// Measures what a page downloads, and fails when it is more than size.json allows.
//   node scripts/size.mjs            checks
//   node scripts/size.mjs --write    lowers the ceilings to the measured sizes and 3 %, or to the goal, and never raises one;
//                                    README.md tells them
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { buildSync, transformSync } from 'esbuild';
import { root } from './entries.mjs';

/** What a page loads that calls, subscribes and authenticates in every way, and what that should be at most, in bytes of brotli. */
const GOALS = { 'slim in a page, js and wasm': 20_000, 'default in a page': 24_000 };
/** How much larger than measured a ceiling is. */
const SLACK = 1.03;

/** What README.md tells about, by the words there. */
const TOLD = {
  '`wamplex`': 'default in a page',
  '`wamplex/slim` with its module': 'slim in a page, js and wasm',
  'Argon2id, if the router asks for it': 'argon2.js',
  'the meta API, if it is used': 'meta.js',
  '`register`, or further arguments of calls, if they are used': 'serve.js',
  '`wamplex/worker`': 'worker.js',
  '`wamplex/react`, `wamplex/vue` or `wamplex/svelte`': 'vue.js',
  '`wamplex/autobahn`': 'autobahn.js',
};

const readmeFile = join(root, 'README.md');
const limitsFile = join(root, 'size.json');
const limits = existsSync(limitsFile) ? JSON.parse(readFileSync(limitsFile, 'utf8')) : {};
const measured = measure();

if (process.argv.includes('--write')) {
  const goal = (name, br) => (br <= GOALS[name] ? GOALS[name] : Infinity);
  const lowered = Object.entries(measured).map(([name, { br }]) => [name, { br: Math.min(limits[name]?.br ?? Infinity, Math.ceil(br * SLACK), goal(name, br)) }]);
  writeFileSync(limitsFile, `${JSON.stringify(Object.fromEntries(lowered), null, 2)}\n`);
  writeFileSync(readmeFile, told(Object.fromEntries(lowered)));
} else if (told(limits) !== readFileSync(readmeFile, 'utf8')) {
  console.error('README.md tells other sizes than size.json: npm run size -- --write');
  process.exitCode = 1;
}

console.table(Object.fromEntries(Object.entries(measured).map(([name, sizes]) => [name, {
  ...sizes, 'br ceiling': limits[name]?.br ?? 'none', ...(GOALS[name] && { 'br goal': GOALS[name], 'to go': Math.max(0, sizes.br - GOALS[name]) }),
}])));
for (const [name, { br: ceiling }] of Object.entries(limits)) {
  if (!measured[name]) console.warn(`${name}: not built`);
  if (!(measured[name]?.br > ceiling)) continue;
  console.error(`${name}: ${measured[name].br} bytes of brotli, more than the ${ceiling} of size.json`);
  process.exitCode = 1;
}

/** README.md with the sizes of the ceilings, in kB. */
function told(ceilings) {
  return readFileSync(readmeFile, 'utf8').replace(/^\| (.*) \| [\d.]+ kB \|$/gm, (row, words) => {
    const { br } = ceilings[TOLD[words]] ?? {};
    return br ? `| ${words} | ${Math.ceil(br / 100) / 10} kB |` : row;
  });
}

/** Every file that a page may load, each by itself and minified; and what slim is with its module. */
function measure() {
  const sizes = {};
  for (const name of readdirSync(join(root, 'dist')).filter((file) => /\.(js|wasm)$/.test(file)).sort()) {
    const bytes = readFileSync(join(root, 'dist', name));
    sizes[name] = sizesOf(name.endsWith('.js') ? Buffer.from(transformSync(bytes.toString(), { minify: true, format: 'esm', target: 'es2022' }).code) : bytes);
  }
  const [js, wasm] = [inPage('slim.js'), sizes['wamplex.wasm']];
  const slim = { raw: js.raw + wasm.raw, gz: js.gz + wasm.gz, br: js.br + wasm.br };
  return { 'slim in a page, js and wasm': slim, 'slim in a page, js': js, 'default in a page': inPage('inline.js'), ...sizes };
}

/** What a bundler leaves of an entry. What loads only when it is needed is not in it. */
function inPage(file) {
  const { outputFiles } = buildSync({
    stdin: { contents: `import { auth, connect } from './dist/${file}';\nglobalThis.wamplex = { auth, connect };`, resolveDir: root },
    bundle: true, write: false, minify: true, format: 'esm', target: 'es2022', packages: 'external', external: ['./argon2.js', './meta.js', './serve.js'],
  });
  return sizesOf(Buffer.from(outputFiles[0].contents));
}

function sizesOf(bytes) {
  const br = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  return { raw: bytes.length, gz: gzipSync(bytes, { level: 9 }).length, br: br.length };
}
