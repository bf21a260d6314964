// What messages cost, in what can be counted: frames, timers, signals. None of it depends on how fast anything runs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from 'wamplex';
import { loopback } from '../bench/loopback.mjs';
import { SUBSCRIPTION } from '../bench/payloads.mjs';

/** As many as fit the first batch of a turn. */
const MANY = 30;

/** A client with a subscription and a registration on a router that takes batches, and the frames that it sends. */
async function opened(t, handler = ([value]) => value) {
  const batch = (...messages) => messages.map((message) => `${JSON.stringify(message)}\x1e`).join('');
  const messages = (frame) => frame.split('\x1e').slice(0, -1).map((text) => JSON.parse(text));
  const router = loopback({ encode: batch, decode: (frame) => messages(frame)[0], subprotocol: 'wamp.2.json.batched' });
  const client = new Client('ws://localhost/', { realm: 'realm1', serializers: ['json'], webSocket: router.open, reconnect: false, heartbeat: false });
  await client.connect();
  const received = [];
  await client.subscribe('com.example.topic', ({ data }) => received.push(data));
  await client.register('com.example.procedure', handler);
  const frames = [];
  router.ready((frame) => frames.push(messages(frame)));
  t.after(async () => {
    const closing = client.close();
    router.deliver(batch([6, {}, 'wamp.close.goodbye_and_out']));
    await closing;
  });
  return { client, frames, received, deliver: (...given) => router.deliver(batch(...given)) };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const times = (make) => Array.from({ length: MANY }, (_, i) => make(i));

/** How many of these were made while `run` ran. */
async function made(t, names, run) {
  const count = Object.fromEntries(names.map((name) => [name, 0]));
  const usual = Object.fromEntries(names.map((name) => [name, globalThis[name]]));
  for (const name of names) {
    globalThis[name] = new Proxy(usual[name], {
      apply: (target, self, given) => (count[name]++, Reflect.apply(target, self, given)),
      construct: (target, given) => (count[name]++, Reflect.construct(target, given)),
    });
  }
  try {
    await run();
  } finally {
    Object.assign(globalThis, usual);
  }
  return count;
}

test('what is published in one turn is one frame', async (t) => {
  const { client, frames } = await opened(t);
  for (let i = 0; i < MANY; i++) client.publish('com.example.topic', i);
  await settled();
  assert.deepEqual(frames.map((frame) => frame.length), [MANY]);
});

test('what is published in one turn leaves in frames that grow: the router begins while the rest is written', async (t) => {
  const { client, frames } = await opened(t);
  for (let turn = 0; turn < 2; turn++) {
    for (let i = 0; i < 2000; i++) client.publish('com.example.topic', i);
    const before = frames.map((frame) => frame.length);
    assert.ok(before.length >= 3 && before[0] < 100, 'the first ones left at once');
    await settled();
    const sizes = frames.map((frame) => frame.length);
    assert.ok(sizes.length <= 8, `${sizes.length} frames`);
    for (let i = 1; i < sizes.length - 1; i++) assert.ok(sizes[i] > 1.5 * sizes[i - 1], `${sizes}`);
    assert.deepEqual(frames.splice(0).flat().map((message) => message[4][0]), Array.from({ length: 2000 }, (_, i) => i));
  }
});

test('what a loop publishes that awaits each is one frame', async (t) => {
  const { client, frames } = await opened(t);
  // A batch waits for some milliseconds only.
  t.mock.timers.enable({ apis: ['Date'] });
  for (let i = 0; i < MANY; i++) await client.publish('com.example.topic', i);
  await settled();
  assert.deepEqual(frames.map((frame) => frame.length), [MANY]);
});

test('calls of one turn are one frame, and so are the next ones when their answers come as one', async (t) => {
  const { client, frames, deliver } = await opened(t);
  const twice = times(async (i) => (await client.call('com.example.x', [i])) + (await client.call('com.example.x', [i])));
  await settled();
  deliver(...frames[0].map(([, request, , , [value]]) => [50, request, {}, [value]]));
  await settled();
  deliver(...frames[1].map(([, request, , , [value]]) => [50, request, {}, [value]]));
  assert.deepEqual(await Promise.all(twice), times((i) => 2 * i));
  assert.deepEqual(frames.map((frame) => frame.length), [MANY, MANY]);
});

for (const [what, handler] of [['at once', ([value]) => value], ['by promises', async ([value]) => value]]) {
  test(`calls that come as one frame and are answered ${what} are answered by one`, async (t) => {
    const { frames, deliver } = await opened(t, handler);
    deliver(...times((i) => [68, i + 1, SUBSCRIPTION, {}, [i]]));
    await settled();
    assert.deepEqual(frames, [times((i) => [70, i + 1, {}, [i]])]);
  });
}

for (const [what, handler] of [
  ['a generator', async function* ([count]) { for (let i = 0; i < count; i++) yield i; }],
  ['a loop that awaits', async ([count], { progress }) => { for (let i = 0; i < count; i++) await progress(i); }],
]) {
  test(`a burst of progressive results of ${what} is one frame`, async (t) => {
    const { frames, deliver } = await opened(t, handler);
    t.mock.timers.enable({ apis: ['Date'] });
    deliver([68, 1, SUBSCRIPTION, { receive_progress: true }, [MANY / 2]]);
    await settled();
    assert.deepEqual(frames.map((frame) => frame.length), [MANY / 2 + 1]);
  });
}

test('calls, invocations and events make no timer, and no signal that nobody asks for', async (t) => {
  const { client, frames, received, deliver } = await opened(t);
  const count = await made(t, ['setTimeout', 'AbortController', 'queueMicrotask'], async () => {
    const calls = times((i) => client.call('com.example.x', [i]));
    await settled();
    deliver(...frames[0].map(([, request, , , [value]]) => [50, request, {}, [value]]));
    await Promise.all(calls);
    deliver(...times((i) => [68, i + 1, SUBSCRIPTION, {}, [i]]));
    deliver(...times((i) => [36, SUBSCRIPTION, i + 1, {}, [i]]));
    await settled();
  });
  assert.equal(received.length, MANY);
  assert.deepEqual(count, { setTimeout: 0, AbortController: 0, queueMicrotask: 0 });
});

test('a call with a time limit makes one timer and takes it back', async (t) => {
  const { client, frames, deliver } = await opened(t);
  const count = await made(t, ['setTimeout', 'clearTimeout'], async () => {
    const call = client.call('com.example.x', [1], { timeout: 60_000 });
    await settled();
    deliver([50, frames[0][0][1], {}, [1]]);
    await call;
  });
  assert.equal(count.setTimeout, 1);
  assert.ok(count.clearTimeout >= 1);
});
