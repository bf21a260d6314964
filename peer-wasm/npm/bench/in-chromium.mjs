// The same in headless Chromium, on a page that is allowed an exact clock.
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Opens the page for as long as `use` takes. */
export async function inChromium(use) {
  const script = await bundle();
  const server = createServer((request, response) => {
    const isScript = request.url === '/page.js';
    response.writeHead(200, {
      'content-type': isScript ? 'text/javascript' : 'text/html',
      // Without these the clock is coarse.
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    });
    response.end(isScript ? script : '<!doctype html><title>bench</title><script type="module" src="/page.js"></script>');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium' });
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error('in the page:', error));
    await page.goto(`http://localhost:${server.address().port}/`);
    await page.waitForFunction(() => globalThis.bench && globalThis.crossOriginIsolated);
    return await use(driver(page));
  } finally {
    await browser.close();
    server.close();
  }
}

function driver(page) {
  const call = (method, ...args) => page.evaluate(([name, given]) => globalThis.bench[name](...given), [method, args]);
  return {
    codecs: (short) => call('codecs', short),
    async start(subject, url) {
      const index = await call('start', { ...subject, url });
      return {
        run: (scenario, milliseconds) => call('run', index, scenario, milliseconds),
        stop: () => call('stop', index),
      };
    },
  };
}

async function bundle() {
  const { outputFiles } = await build({
    entryPoints: [here('page.mjs')],
    alias: { wamplex: here('../dist/inline.js'), autobahn: here('node_modules/autobahn-browser/autobahn.js') },
    bundle: true, write: false, format: 'esm', target: 'es2022', platform: 'browser', conditions: ['browser'], logLevel: 'error',
  });
  return outputFiles[0].contents;
}
