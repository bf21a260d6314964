// Two tabs on one connection: `wamplex/worker` in a real SharedWorker.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { PATIENCE_MS, Router } from './programs.mjs';

const npm = fileURLToPath(new URL('../../peer-wasm/npm/', import.meta.url));
const { buildSync } = createRequire(npm)('esbuild');

let router;
let browser;
let server;
let files;

before(async () => {
    router = await Router.start();
    files = {
        '/page.js': bundle(`
            import { connect } from 'wamplex/worker';
            globalThis.connected = connect(new SharedWorker('/worker.js', { type: 'module' })).then((client) => (globalThis.client = client));
        `),
        '/worker.js': bundle(`
            import { serve } from 'wamplex/worker';
            serve(${JSON.stringify(router.url)}, { realm: 'realm1' });
        `),
    };
    server = createServer(({ url }, answer) => {
        answer.setHeader('content-type', files[url] ? 'text/javascript' : 'text/html');
        answer.end(files[url] ?? '<!doctype html><title>tab</title><script type="module" src="/page.js"></script>');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    browser = await chromium.launch({ timeout: PATIENCE_MS, executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium' });
});

after(async () => {
    await browser?.close();
    server?.close();
    await router?.stop();
});

function bundle(contents) {
    const { outputFiles } = buildSync({ stdin: { contents, resolveDir: npm }, bundle: true, format: 'esm', write: false });
    return outputFiles[0].text;
}

async function openTab(context) {
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.evaluate(() => globalThis.connected);
    return page;
}

it('two tabs share a session, hear each other, and one may go without the other', async () => {
    const context = await browser.newContext();
    const [one, two] = [await openTab(context), await openTab(context)];
    const session = (page) => page.evaluate(() => globalThis.client.session.id);
    assert.equal(await session(one), await session(two));
    assert.equal(await one.evaluate(() => globalThis.client.call('wamp.session.count')), 1);

    await two.evaluate(() => {
        globalThis.heard = new Promise((resolve) => globalThis.client.subscribe('tabs.hello', (event) => resolve(event.data)).then(() => (globalThis.subscribed = true)));
        return globalThis.client.register('tabs.title', () => 'the second tab');
    });
    await two.waitForFunction(() => globalThis.subscribed);
    await one.evaluate(() => globalThis.client.publish('tabs.hello', { from: 'the first tab' }));
    assert.deepEqual(await two.evaluate(() => globalThis.heard), { from: 'the first tab' });
    assert.equal(await one.evaluate(() => globalThis.client.call('tabs.title')), 'the second tab');

    // A tab that is closed says nothing; the worker notices.
    await two.close();
    await one.waitForFunction(async () => {
        const call = globalThis.client.call('tabs.title').catch((error) => error.uri);
        return (await call) === 'wamp.error.no_such_procedure';
    });
    assert.equal(await one.evaluate(() => globalThis.client.call('wamp.subscription.lookup', ['tabs.hello'])), null);
    await context.close();
});
