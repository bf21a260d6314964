// The components of docs/frameworks.md do what the text says.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { connect } from 'wamplex';
import { WebSocket } from 'ws';
import { place, until } from './dom.mjs';
import { startRouter } from '../router.mjs';

// As in browsers; what is bundled does not find the package.
globalThis.WebSocket ??= WebSocket;
const root = fileURLToPath(new URL('../..', import.meta.url));
const text = readFileSync(join(root, 'docs', 'frameworks.md'), 'utf8');

const SHOW = {
  jsx: `import { createElement } from 'react';
    import { createRoot } from 'react-dom/client';
    export function show(target) {
      const root = createRoot(target);
      root.render(createElement(App));
      return () => root.unmount();
    }`,
  vue: `import { createApp } from 'vue';
    export function show(target) {
      const app = createApp(App);
      app.mount(target);
      return () => app.unmount();
    }`,
  svelte: `import { mount, unmount } from 'svelte';
    export function show(target) {
      const shown = mount(App, { target });
      return () => unmount(shown);
    }`,
};

const COMPILE = {
  jsx: (code) => code,
  async vue(code) {
    const { compileScript, parse } = await import('vue/compiler-sfc');
    const { descriptor } = parse(code, { filename: 'App.vue' });
    return compileScript(descriptor, { id: 'app', inlineTemplate: true }).content;
  },
  async svelte(code) {
    const { compile } = await import('svelte/compiler');
    return compile(code, { generate: 'client', filename: 'App.svelte' }).js.code;
  },
};

/** Loads the component in the block of this language, which is to find the router at \`url\`. */
async function load(language, url) {
  const [, code] = new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(text);
  const here = code.replace('ws://127.0.0.1:8080/ws', url).replace("realm: 'realm1'", "$&, signal: globalThis.leaving");
  const compiled = await COMPILE[language](here);
  const folder = mkdtempSync(join(tmpdir(), 'wamplex-doc-'));
  const outfile = join(folder, 'app.mjs');
  try {
    await build({
      stdin: { contents: `import App from 'app';\n${SHOW[language]}`, resolveDir: root },
      outfile, bundle: true, format: 'esm', target: 'node20', platform: 'node', conditions: ['browser'], logLevel: 'error',
      jsx: 'automatic',
      banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
      plugins: [{
        name: 'the component',
        setup(b) {
          b.onResolve({ filter: /^app$/ }, () => ({ path: 'app', namespace: 'app' }));
          b.onLoad({ filter: /./, namespace: 'app' }, () => ({ contents: compiled, loader: 'jsx', resolveDir: root }));
        },
      }],
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('programs that bring a client of another entry leave the default one out', async () => {
  for (const [provider, wanted] of [['ClientProvider', false], ['WampProvider', true]]) {
    const contents = `import { Client } from 'wamplex/slim';\nimport { ${provider}, useCall } from 'wamplex/react';\nconsole.log(Client, ${provider}, useCall);`;
    const { metafile } = await build({ stdin: { contents, resolveDir: root }, bundle: true, write: false, format: 'esm', external: ['react'], metafile: true });
    const [{ inputs }] = Object.values(metafile.outputs);
    assert.equal(inputs['dist/inline.js']?.bytesInOutput > 0, wanted, provider);
  }
});

for (const language of Object.keys(SHOW)) {
  test(`the component in ${language}`, { timeout: 120_000 }, async (t) => {
    const router = await startRouter();
    t.after(() => router.stop());
    const other = await connect(router.url, { realm: 'realm1' });
    t.after(() => other.close());
    // What is described lives as long as its page.
    const leaving = new AbortController();
    globalThis.leaving = leaving.signal;
    t.after(() => leaving.abort());
    await other.publish('com.example.votes', 7, { retain: true, acknowledge: true });
    const { show } = await load(language, router.url);
    const target = place();
    const take = show(target);
    t.after(() => take());
    const button = await until(() => target.querySelector('button'));
    await until(() => !button.disabled && button.textContent.trim() === '7 votes');
    button.click();
    await until(() => button.textContent.includes('wamp.error.no_such_procedure'));
    await other.register('com.example.vote', ([what]) => other.publish('com.example.votes', what === 'yes' ? 8 : -1, { acknowledge: true }).then(() => null));
    button.click();
    await until(() => button.textContent.trim() === '8 votes' && !button.disabled);
  });
}
