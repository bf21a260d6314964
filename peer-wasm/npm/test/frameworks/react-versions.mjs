// React in the versions that we support, each with our entry over it and this package's client beside it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const contents = `
  export * as React from 'react';
  export { createRoot, hydrateRoot } from 'react-dom/client';
  export { renderToString } from 'react-dom/server';
  export * as hooks from './dist/react.js';`;

/** What a program has that uses React `version` (18 or 19) and `wamplex/react`. */
export async function react(version) {
  const folder = mkdtempSync(join(tmpdir(), 'wamplex-react-'));
  const outfile = join(folder, 'react.mjs');
  const client = pathToFileURL(join(root, 'dist', 'inline.js')).href;
  try {
    await build({
      stdin: { contents, resolveDir: root },
      outfile, bundle: true, format: 'esm', platform: 'node', target: 'node20', logLevel: 'error',
      alias: version === 18 ? { react: 'react-18', 'react-dom': 'react-dom-18' } : {},
      banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
      plugins: [{ name: 'one client', setup: (b) => b.onResolve({ filter: /^wamplex$/ }, () => ({ path: client, external: true })) }],
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
