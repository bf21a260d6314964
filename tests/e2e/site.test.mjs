// The page in Chromium ⇄ router ⇄ native peer and Autobahn|Python: all four roles crossing, over each serializer.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { PATIENCE_MS, Peer, Router } from './programs.mjs';
import { Site } from './site.mjs';

const SERIALIZERS = ['json', 'msgpack', 'cbor'];
const KINDS = ['native', 'python'];
const ARGS = ['grüße 你好 🎉', -7, 0.25, null, [true, { deep: [] }]];
const KWARGS = { größe: 4294967296, none: null };

const results = fileURLToPath(new URL('results/', import.meta.url));
let router;
let browser;
/** All peers by kind and serializer. */
const peers = [];

before(async () => {
    router = await Router.start();
    const started = KINDS.flatMap((kind) => SERIALIZERS.map((serializer) => Peer.start(kind, serializer, router.url)));
    peers.push(...(await Promise.all(started)));
    browser = await chromium.launch({ timeout: PATIENCE_MS, executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium' });
});

after(async () => {
    await browser?.close();
    await Promise.all(peers.map((peer) => peer.stop()));
    await router?.stop();
});

for (const serializer of SERIALIZERS) {
    describe(`the page over ${serializer}`, () => {
        let site;

        before(async () => {
            site = await Site.open(browser, router.site, serializer);
        });

        after(async () => {
            await mkdir(results, { recursive: true });
            await site.screenshot(`${results}${serializer}.png`);
            await site.disconnect();
            assert.deepEqual(site.complaints, []);
        });

        for (const kind of KINDS) {
            for (const other of SERIALIZERS) {
                it(`meets ${kind} over ${other}`, async () => {
                    const peer = peers.find(({ name }) => name === `${kind} ${other}`);
                    const base = `com.example.${serializer}.${kind}.${other}`;
                    await pageCallsPeer(site, peer, base);
                    await peerCallsPage(site, peer, base);
                    await eventsBothWays(site, peer, base);
                });
            }
        }

        it('sees one event of a native publisher together with Autobahn|Python', async () => {
            const topic = `com.example.${serializer}.all`;
            const native = peers.find(({ name }) => name === `native ${serializer}`);
            const python = peers.find(({ name }) => name === `python ${serializer}`);
            await site.subscribe(topic);
            await python.ask({ do: 'subscribe', topic });
            await native.ask({ do: 'publish', topic, args: ARGS, kwargs: KWARGS });
            assert.deepEqual(await site.event(topic), { args: ARGS, kwargs: KWARGS });
            assert.deepEqual(await python.next(), { on: 'event', topic, args: ARGS, kwargs: KWARGS });
        });

        it('shows the raw messages', async () => {
            const shown = new Set(await site.messages());
            for (const name of ['PUBLISH', 'PUBLISHED', 'EVENT', 'CALL', 'RESULT', 'INVOCATION', 'YIELD']) {
                assert.ok(shown.has(name), `${name} is in the log`);
            }
        });
    });
}

async function pageCallsPeer(site, peer, base) {
    for (const kind of ['echo', 'fail', 'progress', 'hang']) {
        await peer.ask({ do: 'register', procedure: `${base}.${kind}`, kind });
    }
    const invoked = (kind, progress, args, kwargs) => ({ on: 'invocation', procedure: `${base}.${kind}`, progress, args, kwargs });

    const echo = await site.call(`${base}.echo`, ARGS, KWARGS);
    assert.deepEqual(echo, { uri: undefined, args: ARGS, kwargs: KWARGS });
    assert.deepEqual(await peer.next(), invoked('echo', false, ARGS, KWARGS));

    const fault = await site.call(`${base}.fail`, ['why', 7], { detail: 'none' });
    assert.deepEqual(fault, { uri: 'com.example.error.failed', args: ['why', 7], kwargs: { detail: 'none' } });
    assert.deepEqual(await peer.next(), invoked('fail', false, ['why', 7], { detail: 'none' }));

    const last = await site.call(`${base}.progress`, [3], {}, { progress: true });
    assert.deepEqual(last, { uri: undefined, args: ['done', 3], kwargs: {} });
    assert.deepEqual(await site.progress(3), [0, 1, 2]);
    assert.deepEqual(await peer.next(), invoked('progress', true, [3], {}));

    await site.begin(`${base}.hang`, []);
    assert.deepEqual(await peer.next(), invoked('hang', false, [], {}));
    await site.cancel();
    assert.deepEqual(await peer.next(), { on: 'interrupted', procedure: `${base}.hang` });

    assert.equal((await site.call(`${base}.nowhere`, [])).uri, 'wamp.error.no_such_procedure');
    for (const kind of ['echo', 'fail', 'progress', 'hang']) {
        await peer.ask({ do: 'unregister', procedure: `${base}.${kind}` });
    }
}

async function peerCallsPage(site, peer, base) {
    const procedure = `${base}.page`;
    const call = (args, kwargs, progress = false) => peer.ask({ do: 'call', procedure, args, kwargs, progress });

    await site.register(procedure, 'echo');
    assert.deepEqual(await call(ARGS, KWARGS), { args: ARGS, kwargs: KWARGS, progress: [] });
    assert.deepEqual(await site.invocation(procedure), { args: ARGS, kwargs: KWARGS });
    await site.unregister(procedure);
    await assert.rejects(call([1]), { uri: 'wamp.error.no_such_procedure' });

    await site.register(procedure, 'count');
    const counted = await call([2], {}, true);
    assert.deepEqual(counted.args, [2]);
    assert.deepEqual(counted.progress.map(({ args }) => args), [[1], [2]]);
    await assert.rejects(call(['many']), { uri: 'wamp.error.invalid_argument' });
    await site.unregister(procedure);
}

async function eventsBothWays(site, peer, base) {
    const [up, down] = [`${base}.up`, `${base}.down`];
    await peer.ask({ do: 'subscribe', topic: up });
    await site.publish(up, ARGS, KWARGS);
    assert.deepEqual(await peer.next(), { on: 'event', topic: up, args: ARGS, kwargs: KWARGS });
    await site.publish(up, [], {}, { acknowledge: false });
    assert.deepEqual(await peer.next(), { on: 'event', topic: up, args: [], kwargs: {} });
    await peer.ask({ do: 'unsubscribe', topic: up });

    await site.subscribe(down);
    await peer.ask({ do: 'publish', topic: down, args: ARGS, kwargs: KWARGS, acknowledge: true });
    assert.deepEqual(await site.event(down), { args: ARGS, kwargs: KWARGS });
    await site.unsubscribe(down);
}
