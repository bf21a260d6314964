// Modules of src/ for tests of what the package does not export.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { compiledModules } from '../scripts/compiled.mjs';

const src = join(dirname(dirname(fileURLToPath(import.meta.url))), 'src');

/** The exports of one source module. */
export async function source(name) {
  const { outputFiles } = await build({
    entryPoints: [join(src, name)], bundle: true, write: false, format: 'esm', target: 'es2022', logLevel: 'silent',
    plugins: [compiledModules('default')],
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}
