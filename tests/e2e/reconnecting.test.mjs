// The page in Chromium, while the network between it and the router is gone, and when the router stops.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { chromium } from 'playwright-core';
import { Proxy } from './proxy.mjs';
import { PATIENCE_MS, Router } from './programs.mjs';
import { Site } from './site.mjs';

const TOPIC = 'com.example.lost';
const PROCEDURE = 'com.example.lost.echo';

let router;
let proxy;
let browser;
let page;
let other;

before(async () => {
    router = await Router.start();
    proxy = await Proxy.start(router.url);
    browser = await chromium.launch({ timeout: PATIENCE_MS, executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium' });
    page = await Site.open(browser, router.site, 'cbor', `ws://${proxy.host}/ws`);
    other = await Site.open(browser, router.site, 'json');
});

after(async () => {
    await browser?.close();
    await proxy?.stop();
    await router?.stop();
});

it('keeps what it has subscribed to and registered through the loss of its connection', async () => {
    await page.subscribe(TOPIC);
    await page.register(PROCEDURE, 'echo');
    await other.publish(TOPIC, ['before']);
    assert.deepEqual(await page.event(TOPIC), { args: ['before'], kwargs: {} });

    proxy.cut();
    await page.isReconnecting();
    await page.isRestoring(TOPIC);
    await other.publish(TOPIC, ['missed']);

    proxy.mend();
    await page.tryNow();
    await page.hasGap();
    await page.isRestored(PROCEDURE);
    await other.publish(TOPIC, ['after']);
    await page.shows('events', 'after');
    assert.deepEqual(await page.eventTexts(), ['["after"]', 'gap', '["before"]']);
    assert.deepEqual(await other.call(PROCEDURE, [1]), { uri: undefined, args: [1], kwargs: {} });
});

it('lets what is asked for meanwhile wait', async () => {
    proxy.cut();
    await page.isReconnecting();
    await page.begin('wamp.session.count', []);
    proxy.mend();
    await page.tryNow();
    assert.deepEqual(await page.outcome(), { uri: undefined, args: [2], kwargs: {} });
});

it('stops trying when that is wanted', async () => {
    proxy.cut();
    await page.isReconnecting();
    await page.disconnect();
});

it('says that a router is shutting down', async () => {
    await router.stop();
    router = undefined;
    await other.isReconnecting();
    await other.shows('connect-error', 'wamp.close.system_shutdown');
});
