// wamplex/svelte in Svelte 4 and 5: over a client that does what it is told, where the order matters, and over a router.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from 'wamplex';
import * as wamp from 'wamplex/svelte';
import { place, settled, until } from './dom.mjs';
import { FakeClient, event } from './fake-client.mjs';
import { startRouter } from '../router.mjs';
import { svelte } from './svelte-versions.mjs';

const failures = [];
process.on('unhandledRejection', (reason) => failures.push(reason));
test.after(() => assert.deepEqual(failures, [], 'rejections that nobody handles'));

/** A store whose value is set from outside. */
function writable(value) {
  const readers = new Set();
  return {
    set(next) {
      value = next;
      for (const run of readers) run(value);
    },
    subscribe(run) {
      readers.add(run);
      run(value);
      return () => void readers.delete(run);
    },
    get readers() {
      return readers.size;
    },
  };
}

/** Reads a store as a component does; `values` are all it held. */
function read(t, store) {
  const values = [];
  const stop = store.subscribe((value) => values.push(value));
  t.after(stop);
  return {
    values,
    stop,
    get last() {
      return values.at(-1);
    },
  };
}

test('a subscription lasts as long as its store is subscribed to', async (t) => {
  const client = new FakeClient();
  const store = wamp.subscription(client, 'com.example.a', { initial: 0, match: 'prefix' });
  await settled();
  assert.equal(client.asked.length, 0);
  const [one, other] = [read(t, store), read(t, store)];
  assert.deepEqual(one.last, { data: 0, event: undefined, status: 'pending', error: undefined });
  await settled();
  assert.deepEqual(client.asked.map(({ name, options }) => [name, options.match]), [['com.example.a', 'prefix']]);
  client.asked[0].resolve();
  await settled();
  for (const data of [1, null]) client.asked[0].payload(event(data));
  assert.deepEqual([other.last.status, other.last.data, other.values.map(({ data }) => data).includes(1)], ['active', null, true]);
  one.stop();
  one.stop();
  assert.equal(client.standing.length, 1);
  other.stop();
  assert.equal(client.standing.length, 0);
  read(t, store);
  await settled();
  assert.deepEqual([client.asked.length, client.standing.length], [2, 1]);
});

test('a store that is read and left at once asks for nothing', async (t) => {
  const client = new FakeClient();
  read(t, wamp.subscription(client, 'com.example.a')).stop();
  read(t, wamp.callResult(client, 'com.example.p')).stop();
  await settled();
  assert.deepEqual(client.asked, []);
});

test('where there is no page, a store that stays subscribed to asks for nothing either', async (t) => {
  const { document } = globalThis;
  t.after(() => (globalThis.document = document));
  delete globalThis.document;
  const client = new FakeClient();
  const reader = read(t, wamp.callResult(client, 'com.example.p', [], { initial: 'begin' }));
  await settled();
  assert.deepEqual([reader.last.data, client.asked], ['begin', []]);
});

test('another topic subscribes anew, and what becomes of the one before changes nothing', async (t) => {
  const client = new FakeClient();
  const topic = writable('com.example.a');
  const events = wamp.events(client, topic, { limit: 2 });
  const reader = read(t, events);
  await settled();
  topic.set('com.example.a');
  topic.set('com.example.b');
  topic.set('com.example.c');
  await settled();
  assert.deepEqual(client.asked.map(({ name }) => name), ['com.example.a', 'com.example.c']);
  client.asked[0].reject(new Error('too late'));
  client.asked[1].resolve();
  await settled();
  for (const data of [1, 2, 3]) client.asked[1].payload(event(data));
  assert.deepEqual([reader.last.status, reader.last.events.map(({ data }) => data)], ['active', [2, 3]]);
  events.clear();
  assert.deepEqual(reader.last.events, []);
  topic.set(null);
  assert.equal(reader.last.status, 'idle');
  topic.set('com.example.d');
  await settled();
  const refusal = new Error('not authorized');
  client.asked[2].reject(refusal);
  await settled();
  assert.deepEqual([reader.last.status, reader.last.error], ['closed', refusal]);
  reader.stop();
  assert.equal(topic.readers, 0);
});

test('of several calls the last one counts, and the last reader cancels them', async (t) => {
  const client = new FakeClient();
  const store = wamp.call(client, 'com.example.p', { timeout: 5 });
  const reader = read(t, store);
  const results = [store.call(['first']), store.call(['second'])];
  assert.equal(reader.last.pending, true);
  client.asked[1].resolve('B');
  await settled();
  client.asked[0].resolve('A');
  assert.deepEqual(await Promise.all(results), ['A', 'B']);
  assert.deepEqual(reader.last, { data: 'B', error: undefined, pending: false });
  void store.call();
  client.asked[2].reject(new Error('no'));
  await settled();
  assert.deepEqual([reader.last.error.message, reader.last.pending], ['no', false]);
  const waiting = store.call();
  reader.stop();
  await assert.rejects(waiting, { name: 'AbortError' });
  const unread = store.call([1]);
  client.asked[4].resolve('unread');
  assert.equal(await unread, 'unread');
});

test('callResult calls again with other arguments, when told, and after a reconnect', async (t) => {
  const client = new FakeClient();
  const args = writable([{ of: 1 }]);
  const store = wamp.callResult(client, 'com.example.p', args, { initial: 0, refreshOnReconnect: true });
  const reader = read(t, store);
  assert.deepEqual([reader.last.data, reader.last.pending], [0, true]);
  await settled();
  client.asked[0].resolve('one');
  await settled();
  args.set([{ of: 1 }]);
  assert.deepEqual([reader.last.data, reader.last.pending], ['one', false]);
  args.set([{ of: 2 }]);
  assert.deepEqual([reader.last.data, reader.last.pending], [0, true]);
  await settled();
  client.asked[1].reject(new Error('lost'));
  await settled();
  client.setState('open', {});
  client.asked[2].resolve('two');
  await settled();
  assert.deepEqual(reader.last, { data: 'two', error: undefined, pending: false });
  void store.refresh();
  assert.deepEqual([reader.last.data, reader.last.pending, client.asked.length], ['two', true, 4]);
});

test('the state of the client is followed', (t) => {
  const client = new FakeClient();
  const [state, session] = [read(t, wamp.connectionState(client)), read(t, wamp.session(client))];
  client.setState('open', { id: 7 });
  state.stop();
  client.setState('closed');
  assert.deepEqual([state.values, session.values], [['idle', 'open'], [null, { id: 7 }, null]]);
});

const COMPONENTS = {
  App: `<script>
    import { setClient } from './dist/svelte.js';
    import Inside from 'component:Inside';
    export let client;
    export let heard = () => {};
    setClient(client);
  </script>
  <Inside {heard} />`,
  Inside: `<script>
    import { call, callResult, connectionState, getClient, stream, subscription, useRegistration, useSubscription } from './dist/svelte.js';
    export let heard;
    const client = getClient();
    const state = connectionState(client);
    const tick = subscription(client, 'com.example.tick', { initial: 'none' });
    const result = callResult(client, 'com.example.get', [], { initial: 'begin' });
    const job = stream(client, 'com.example.get', { limit: 2 });
    const missing = call(client, 'com.example.missing');
    const held = useSubscription(client, 'com.example.tick', ({ data }) => heard(data));
    useRegistration(client, 'com.example.get', async function* () { yield 1; yield 2; yield 3; return 'got'; }, { invoke: 'roundrobin' });
  </script>
  <p>{$state} {$tick.data} {$result.data} {$held.status} {$job.progress.join('+')} {$missing.error?.uri ?? 'well'}</p>
  <button on:click={() => job.call()}>job</button><button on:click={() => missing.call()}>missing</button>`,
  Lost: `<script>
    import { getClient } from './dist/svelte.js';
    getClient();
  </script>`,
};

for (const version of [4, 5]) {
  test(`Svelte ${version}: everything at once over a router`, { timeout: 120_000 }, async (t) => {
    const router = await startRouter();
    t.after(() => router.stop());
    const client = new Client(router.url, { realm: 'realm1' });
    t.after(() => client.close());
    const { show, App } = await svelte(version, 'page', COMPONENTS);
    const target = place();
    const heard = [];
    const take = show(App, { client, heard: (data) => heard.push(data) }, target);
    const text = () => target.querySelector('p').textContent;
    await until(() => /^open none (got|begin) active {2}well$/.test(text()));
    await client.publish('com.example.tick', 5, { excludeMe: false });
    await until(() => text().startsWith('open 5 '));
    // What serves procedures may still be loading.
    while ((await client.meta.registrations.lookup('com.example.get')) === null);
    const [job, missing] = target.querySelectorAll('button');
    job.click();
    missing.click();
    await until(() => text().endsWith(' active 2+3 wamp.error.no_such_procedure'));
    take();
    assert.deepEqual(heard, [5]);
    await client.publish('com.example.tick', 6, { excludeMe: false, acknowledge: true });
    await assert.rejects(client.call('com.example.get'), { uri: 'wamp.error.no_such_procedure' });
    assert.deepEqual(heard, [5]);
  });

  test(`Svelte ${version}: on a server nothing is asked`, async () => {
    const client = new FakeClient();
    const { show, App, Lost } = await svelte(version, 'server', COMPONENTS);
    const html = show(App, { client });
    await settled();
    assert.match(html, /<p>idle none begin pending {2}well<\/p>/);
    assert.deepEqual(client.asked, []);
    assert.throws(() => show(Lost, {}), /call setClient\(client\)/);
  });
}

test('Svelte 5: a topic that is a rune', async (t) => {
  const client = new FakeClient();
  const { show, Runes } = await svelte(5, 'page', {
    Runes: `<script>
      import { fromStore, toStore } from 'svelte/store';
      import { subscription } from './dist/svelte.js';
      let { client } = $props();
      let room = $state('a');
      const last = fromStore(subscription(client, toStore(() => 'com.example.' + room)));
    </script>
    <p>{last.current.status}</p><button onclick={() => (room = 'b')}>b</button>`,
  });
  const target = place();
  const take = show(Runes, { client }, target);
  t.after(() => take?.());
  await until(() => client.standing.length === 1);
  client.asked[0].resolve();
  await until(() => target.querySelector('p').textContent === 'active');
  target.querySelector('button').click();
  await until(() => client.asked.length === 2);
  assert.deepEqual(client.standing.map(({ name }) => name), ['com.example.b']);
});
