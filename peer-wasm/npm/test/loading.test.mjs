// `register`, and a call with further arguments, loads what they need when it is called first: nobody sees more of that than its time.
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { WebSocket } from 'ws';
import { rejection, startScripted, stillWorks } from './scripted.mjs';

/** A package that has never served, a client of it, and a function that lets the part arrive. */
async function fresh(t, { missing = false, ...options } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'wamplex-'));
  t.after(() => rm(folder, { recursive: true }));
  const dist = (file) => new URL(`../dist/${file}`, import.meta.url);
  await copyFile(dist('inline.js'), join(folder, 'inline.js'));
  if (!missing) {
    await copyFile(dist('serve.js'), join(folder, 'part.js'));
    await writeFile(join(folder, 'serve.js'), `await globalThis[${JSON.stringify(folder)}];\nexport { default } from './part.js';\n`);
  }
  let arrive;
  globalThis[folder] = new Promise((resolve) => (arrive = resolve));
  const wamplex = await import(pathToFileURL(join(folder, 'inline.js')).href);
  const router = await startScripted(answer);
  t.after(() => router.stop());
  const client = new wamplex.Client(router.url, {
    realm: 'realm1', serializers: ['json'], reconnect: false, webSocket: (url, protocols) => new WebSocket(url, protocols), ...options,
  });
  t.after(() => client.close());
  return { wamplex, router, client, arrive };
}

/** Registers whatever it is asked for. */
function answer(message, send) {
  if (message[0] === 64) send(65, message[1], message[1]);
  if (message[0] === 66) send(67, message[1]);
}

const asked = (router) => router.received.map(([code, , options, uri]) => (code === 64 || code === 16 ? uri : code));
const turn = () => new Promise((resolve) => setImmediate(resolve));
const handler = ([value]) => value;

test('procedures are registered in the order in which they were asked for, before the part is there and after', async (t) => {
  const { router, client, arrive } = await fresh(t);
  const { signal } = new AbortController();
  const first = ['a', 'b', 'c', 'd'].map((uri, i) => client.register(uri, handler, i % 2 ? {} : { signal }));
  await client.ready();
  const second = ['e', 'f', 'g'].map((uri, i) => client.register(uri, handler, i % 2 ? {} : { signal }));
  await turn();
  assert.deepEqual(asked(router), [1], 'the session opens meanwhile');
  arrive();
  await Promise.all([...first, ...second]);
  assert.deepEqual(asked(router), [1, 'a', 'b', 'c', 'd', 'e', 'f', 'g']);
  void client.publish('h');
  const last = client.register('i', handler);
  void client.publish('j');
  await last;
  await stillWorks(router, client);
  assert.deepEqual(asked(router).slice(8), ['h', 'i', 'j', 48], 'in the turn in which it is called');
  router.send(68, 1, (await last).id, {}, [7]);
  assert.deepEqual(await router.message(70), [70, 1, {}, [7]]);
});

test('who gives up while the part is loaded is told at once, and nothing is registered', async (t) => {
  const { router, client, arrive } = await fresh(t);
  await client.connect();
  const abort = new AbortController();
  const given = rejection(client.register('a', handler, { signal: abort.signal }));
  abort.abort('enough');
  assert.equal(await given, 'enough');
  assert.equal(await rejection(client.register('b', handler, { signal: abort.signal })), 'enough');
  await assert.rejects(client.register('c', 'no function'), TypeError);
  arrive();
  await client.register('d', handler);
  assert.deepEqual(asked(router), [1, 'd']);
});

test('a client that is closed while the part is loaded registers nothing', async (t) => {
  const { wamplex, router, client, arrive } = await fresh(t);
  await client.connect();
  const failure = rejection(client.register('a', handler));
  await client.close();
  arrive();
  const error = await failure;
  assert.ok(error instanceof wamplex.ConnectionLostError, String(error));
  assert.equal(error.maybeSent, false);
  assert.ok(await rejection(client.register('b', handler)) instanceof wamplex.ConnectionLostError);
  assert.deepEqual(asked(router), [1, 6]);
});

test('a session that is lost while the part is loaded is waited for', async (t) => {
  const { router, client, arrive } = await fresh(t, { reconnect: { initialDelay: 1, jitter: 'none' } });
  await client.connect();
  const registering = client.register('a', handler);
  const again = new Promise((resolve) => client.addEventListener('open', resolve));
  router.drop();
  await again;
  arrive();
  assert.equal((await registering).active, true);
  assert.deepEqual(asked(router), [1, 1, 'a']);
});

test('a session that is lost after the part has come, but not the answer, is made up for', async (t) => {
  const { router, client, arrive } = await fresh(t, { reconnect: { initialDelay: 1, jitter: 'none' } });
  router.script = () => {};
  arrive();
  const registering = client.register('a', handler);
  await router.message(64);
  router.script = answer;
  router.drop();
  assert.equal((await registering).active, true);
  assert.deepEqual(asked(router), [1, 'a', 1, 'a']);
});

test('a part that cannot be loaded is told, and ends nothing', async (t) => {
  const { wamplex, router, client } = await fresh(t, { missing: true });
  const error = await rejection(client.register('a', handler));
  assert.ok(error instanceof wamplex.ConnectionLostError, String(error));
  assert.deepEqual([error.uri, error.maybeSent], ['wamp.error.network_failure', false]);
  assert.match(error.message, /^cannot load serve.js: .*serve\.js/);
  await stillWorks(router, client);
});

test('the further arguments of a call wait for the part, and so does the call', async (t) => {
  const { router, client, arrive } = await fresh(t);
  await client.connect();
  const job = client.stream('a', [0], { input: [[1], [2]], timeout: 60_000 });
  const gone = client.stream('b', [0], { input: [[1]] });
  gone.cancel('enough');
  assert.equal(await rejection(gone.result), 'enough');
  const late = client.stream('c', [0], { input: [[1]], timeout: 1 });
  assert.equal((await rejection(late.result)).uri, 'wamp.error.timeout');
  await stillWorks(router, client);
  assert.deepEqual(router.received.map(([code, , , uri]) => uri ?? code), [1, 'alive']);
  arrive();
  router.send(50, (await router.message(48, 4))[1], {}, ['sum']);
  assert.equal(await job.result, 'sum');
  const sent = router.received.slice(2);
  assert.deepEqual(sent.map(([code, request, { progress }, uri, args]) => [code, request, progress, uri, args]), [
    [48, 2, true, 'a', [0]], [48, 2, true, 'a', [1]], [48, 2, undefined, 'a', [2]],
  ]);
});

test('a call whose part cannot be loaded is not sent', async (t) => {
  const { wamplex, router, client } = await fresh(t, { missing: true });
  await client.connect();
  const error = await rejection(client.stream('a', [0], { input: [[1]] }).result);
  assert.ok(error instanceof wamplex.ConnectionLostError, String(error));
  assert.deepEqual([error.uri, error.maybeSent], ['wamp.error.network_failure', false]);
  await stillWorks(router, client);
  assert.equal(router.received.length, 2);
});

test('a second client needs no loading, and what it serves knows the same errors', async (t) => {
  const { wamplex, router, client, arrive } = await fresh(t);
  arrive();
  await client.register('a', handler);
  await client.close();
  const other = new wamplex.Client(router.url, {
    realm: 'realm1', serializers: ['json'], reconnect: false, webSocket: (url, protocols) => new WebSocket(url, protocols),
  });
  t.after(() => other.close());
  await other.connect();
  const registering = other.register('b', ([why]) => {
    throw new wamplex.WampError('com.example.no', { args: [why] });
  });
  void other.publish('c');
  const { id } = await registering;
  await stillWorks(router, other);
  assert.deepEqual(asked(router), [1, 'a', 6, 1, 'b', 'c', 48]);
  router.send(68, 1, id, {}, ['so']);
  assert.deepEqual(await router.message(8), [8, 68, 1, {}, 'com.example.no', ['so']]);
});
