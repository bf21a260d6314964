// Measures what a page downloads, and fails when it is more than size.json allows.
//   node scripts/size.mjs            checks
//   node scripts/size.mjs --write    sets the limits to the measured sizes and 5 %
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { transformSync } from 'esbuild';

const here = dirname(dirname(fileURLToPath(import.meta.url)));
const limitsFile = join(here, 'size.json');
const file = (name) => readFileSync(join(here, 'dist', name));
const minified = (name) => Buffer.from(transformSync(file(name).toString(), { minify: true, format: 'esm', target: 'es2022' }).code);

const measured = {
  'wamplex.wasm': sizes(file('wamplex.wasm')),
  'slim.js, minified': sizes(minified('slim.js')),
  'inline.js, minified': sizes(minified('inline.js')),
  'argon2.js, minified': sizes(minified('argon2.js')),
  'testing.js, minified': sizes(minified('testing.js')),
};

if (process.argv.includes('--write')) {
  const limits = Object.fromEntries(Object.entries(measured).map(([name, s]) => [name, { raw: ceiling(s.raw), br: ceiling(s.br) }]));
  writeFileSync(limitsFile, `${JSON.stringify(limits, null, 2)}\n`);
}

const limits = JSON.parse(readFileSync(limitsFile, 'utf8'));
console.table(measured);
let tooLarge = false;
for (const [name, limit] of Object.entries(limits)) {
  for (const [kind, bytes] of Object.entries(limit)) {
    if (measured[name][kind] <= bytes) continue;
    console.error(`${name}: ${measured[name][kind]} bytes ${kind}, more than the ${bytes} of size.json`);
    tooLarge = true;
  }
}
process.exitCode = tooLarge ? 1 : 0;

function sizes(bytes) {
  const br = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  return { raw: bytes.length, gz: gzipSync(bytes, { level: 9 }).length, br: br.length };
}

function ceiling(bytes) {
  return Math.ceil((bytes * 1.05) / 100) * 100;
}
