// Svelte in the versions that we support, each with our entry over it and this package's client beside it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Compiles components, given as text by name, for Svelte `version` (4 or 5) in a page or on a server. What comes back are
 * the components, and `show(component, props)`: in a page it returns what takes the component away, on a server the HTML.
 */
export async function svelte(version, where, components) {
  const server = where === 'server';
  const { compile } = await import(version === 4 ? 'svelte-4/compiler' : 'svelte/compiler');
  const generate = { page: { 4: 'dom', 5: 'client' }, server: { 4: 'ssr', 5: 'server' } }[where][version];
  const names = Object.keys(components);
  const folder = mkdtempSync(join(tmpdir(), 'wamplex-svelte-'));
  const outfile = join(folder, 'svelte.mjs');
  const client = pathToFileURL(join(root, 'dist', 'inline.js')).href;
  try {
    await build({
      stdin: { contents: `${names.map((name) => `export { default as ${name} } from 'component:${name}';`).join('\n')}\n${SHOW[version][where]}`, resolveDir: root },
      outfile, bundle: true, format: 'esm', platform: 'node', target: 'node20', logLevel: 'error',
      conditions: server ? [] : ['browser'],
      alias: version === 4 ? { svelte: 'svelte-4' } : {},
      plugins: [{
        name: 'components',
        setup(b) {
          b.onResolve({ filter: /^wamplex$/ }, () => ({ path: client, external: true }));
          b.onResolve({ filter: /^component:/ }, ({ path }) => ({ path: path.slice('component:'.length), namespace: 'component' }));
          b.onLoad({ filter: /./, namespace: 'component' }, ({ path }) => ({
            contents: compile(components[path], { generate, filename: `${path}.svelte`, name: path }).js.code, resolveDir: root,
          }));
        },
      }],
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const SHOW = {
  4: {
    page: `export function show(Component, props, target) {
      const shown = new Component({ target, props });
      return () => shown.$destroy();
    }`,
    server: 'export const show = (Component, props) => Component.render(props).html;',
  },
  5: {
    page: `import { mount, unmount } from 'svelte';
      export function show(Component, props, target) {
        const shown = mount(Component, { target, props });
        return () => unmount(shown);
      }`,
    server: `import { render } from 'svelte/server';
      export const show = (Component, props) => render(Component, { props }).body;`,
  },
};
