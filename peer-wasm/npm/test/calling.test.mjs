// Calls and options, against a router that misbehaves on purpose.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CanceledError, TimeoutError, WampError, connect } from 'wamplex';
import { rejection, scripted, startScripted, stillWorks } from './scripted.mjs';

scripted('progressive results: iterator, stream, result', (message, send) => {
  if (message[0] !== 48) return;
  for (let i = 0; i < 3; i++) send(50, message[1], { progress: true }, [i]);
  send(50, message[1], {}, ['done']);
}, async ({ router, client }) => {
  const job = client.stream('count');
  const seen = [];
  for await (const piece of job) seen.push(piece);
  assert.deepEqual([seen, await job.result], [[0, 1, 2], 'done']);
  assert.deepEqual((await router.message(48))[2], { receive_progress: true });
  const read = [];
  // Not every browser lets loops go over streams.
  const reader = client.stream('count').readable.getReader();
  for (let next; !(next = await reader.read()).done;) read.push(next.value);
  assert.deepEqual(read, [0, 1, 2]);
  assert.equal(await client.stream('count').result, 'done');
});

scripted('leaving the loop, canceling and aborting take a progressive call back', (message, send) => {
  if (message[0] === 48) send(50, message[1], { progress: true }, [0]);
}, async ({ router, client }) => {
  const left = client.stream('a');
  for await (const piece of left) {
    assert.equal(piece, 0);
    break;
  }
  assert.ok((await rejection(left.result)) instanceof CanceledError);
  const canceled = client.stream('b');
  canceled.cancel('enough');
  assert.equal(await rejection(canceled.result), 'enough');
  const reader = client.stream('c').readable.getReader();
  await reader.read();
  await reader.cancel('no more');
  const aborted = client.stream('d', [], { signal: AbortSignal.timeout(5) });
  const error = await rejection((async () => { for await (const _ of aborted); })());
  assert.equal(error.name, 'TimeoutError');
  assert.equal((await router.message(49, 4))[0], 49);
});

scripted('a stream that was aborted before it began is not asked for', undefined, async ({ router, client }) => {
  const stream = client.stream('a', [], { signal: AbortSignal.abort('too late') });
  assert.equal(await rejection(stream.raw), 'too late');
  assert.equal(await rejection(stream.result), 'too late');
  assert.deepEqual(router.received.map(([code]) => code), [1]);
});

scripted('progressive arguments end with the last item', (message, send) => {
  if (message[0] === 48 && !message[2].progress) send(50, message[1], {}, ['done']);
}, async ({ router, client }) => {
  async function* input() {
    yield [1];
    yield { args: [2], kwargs: { a: 1 } };
  }
  assert.equal(await client.stream('sum', [0], { input: input() }).result, 'done');
  const calls = router.received.filter((m) => m[0] === 48);
  const [, request] = calls[0];
  assert.deepEqual(calls, [
    [48, request, { receive_progress: true, progress: true }, 'sum', [0]],
    [48, request, { receive_progress: true, progress: true }, 'sum', [1]],
    [48, request, { receive_progress: true }, 'sum', [2], { a: 1 }],
  ]);
  await client.stream('sum', [0], { input: [] }).result;
  assert.deepEqual(router.received.at(-1).slice(2), [{ receive_progress: true }, 'sum']);
  const failing = client.stream('sum', [0], { input: (async function* () { throw new Error('no input'); })() });
  assert.equal((await rejection(failing.result)).message, 'no input');
});

scripted('whoever sends arguments without end hears the answer', (message, send) => {
  if (message[0] === 48 && message[4]?.[0] === 1) send(50, message[1], {}, ['enough']);
}, async ({ client }) => {
  let sent = 0;
  let left = false;
  async function* input() {
    try {
      // Its own end, lest a client that never hears anything hang here.
      while (sent < 100_000) yield [++sent];
    } finally {
      left = true;
    }
  }
  assert.equal(await client.stream('sum', [], { input: input() }).result, 'enough');
  while (!left) await new Promise((resolve) => setTimeout(resolve));
  assert.ok(sent < 100_000, `${sent} were sent`);
});

scripted('arguments come from a stream that loops cannot go over, too', (message, send) => {
  if (message[0] === 48 && !message[2].progress) send(50, message[1], {}, message.slice(4));
}, async ({ router, client }) => {
  let canceled;
  const stream = (last) => {
    const made = new ReadableStream({
      pull(controller) {
        controller.enqueue([1]);
        controller.enqueue([2]);
        if (last) controller.close();
      },
      cancel: (reason) => (canceled = reason ?? 'without a reason'),
    });
    return Object.defineProperty(made, Symbol.asyncIterator, { value: undefined });
  };
  await client.stream('sum', [0], { input: stream(true) }).result;
  assert.deepEqual(router.received.filter((m) => m[0] === 48).map((m) => m[4]), [[0], [1], [2]]);
  const job = client.stream('sum', [0], { input: stream(false) });
  job.cancel();
  await rejection(job.result);
  while (!canceled) await new Promise((resolve) => setTimeout(resolve));
});

test('the time limit of progressive results is for each pause', async (t) => {
  const router = await startScripted();
  t.after(() => router.stop());
  const client = await connect(router.url, { realm: 'realm1', serializers: ['json'] });
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const job = client.stream('slow', [], { timeout: 100 });
  const iterator = job[Symbol.asyncIterator]();
  const [, request] = await router.message(48);
  for (let i = 0; i < 5; i++) {
    t.mock.timers.tick(60);
    router.send(50, request, { progress: true }, [i]);
    assert.deepEqual(await iterator.next(), { done: false, value: i });
  }
  t.mock.timers.tick(100);
  assert.ok((await rejection(job.result)) instanceof TimeoutError);
  t.mock.timers.reset();
  await client.close();
});

scripted('errors carry everything', (message, send) => {
  if (message[0] !== 48) return;
  send(8, 48, message[1], { hint: 1 }, message[3], ['in words', 2], { a: 3 });
}, async ({ client }) => {
  const error = await rejection(client.call('com.example.no'));
  assert.ok(WampError.is(error, 'com.example.no') && error instanceof Error && !WampError.is(error, 'other'));
  assert.deepEqual([error.args, error.kwargs, error.details, error.message, error.name], [['in words', 2], { a: 3 }, { hint: 1 }, 'com.example.no: in words', 'WampError']);
  assert.ok((await rejection(client.call('wamp.error.canceled'))) instanceof CanceledError);
  assert.ok((await rejection(client.call('wamp.error.cancelled'))) instanceof CanceledError);
  assert.ok((await rejection(client.call('wamp.error.timeout'))) instanceof TimeoutError);
});

scripted('results are never guessed', (message, send) => {
  if (message[0] === 48) send(50, message[1], {}, ...message.slice(4));
}, async ({ client }) => {
  assert.equal(await client.call('echo', [1, 2]), 1);
  assert.equal(await client.call('echo'), undefined);
  assert.deepEqual(await client.call('echo', [[1, 2]]), [1, 2]);
  assert.deepEqual(await client.callRaw('echo', { args: [1], kwargs: { a: 2 } }), { args: [1], kwargs: { a: 2 }, details: {} });
  assert.deepEqual(await client.callRaw('echo', [1], { kwargs: { a: 2 } }), { args: [1], kwargs: { a: 2 }, details: {} });
  assert.deepEqual(await client.callRaw('echo'), { args: [], kwargs: {}, details: {} });
  assert.deepEqual((await client.callRaw('echo', { kwargs: { a: 2 } })).kwargs, { a: 2 });
});

scripted('options go over the wire under their names, raw ones win', (message, send) => {
  if (message[0] === 16 && message[2].acknowledge) send(17, message[1], 99);
  if (message[0] === 32) send(33, message[1], 5);
  if (message[0] === 64) send(65, message[1], 6);
}, async ({ router, client }) => {
  const published = await client.publish('t', 'd', {
    acknowledge: true, excludeMe: false, discloseMe: true, retain: true, exclude: [1], excludeAuthid: ['a'], excludeAuthrole: ['b'],
    eligible: [2], eligibleAuthid: ['c'], eligibleAuthrole: ['d'], args: ['e'], kwargs: { f: 1 }, options: { x_own: [1, { a: null }], retain: false },
  });
  assert.deepEqual(published, { publication: 99 });
  const publish = await router.message(16);
  assert.deepEqual(publish.slice(3), ['t', ['d', 'e'], { f: 1 }]);
  const { retain, ...rest } = publish[2];
  assert.ok(!retain);
  assert.deepEqual(rest, {
    acknowledge: true, exclude_me: false, disclose_me: true, exclude: [1], exclude_authid: ['a'], exclude_authrole: ['b'],
    eligible: [2], eligible_authid: ['c'], eligible_authrole: ['d'], x_own: [1, { a: null }],
  });
  assert.equal(await client.publish('t'), undefined);
  assert.deepEqual((await router.message(16, 2)).slice(2), [{}, 't']);
  await client.publish('t', undefined, { eligible: [], eligibleAuthid: [], exclude: [] });
  assert.deepEqual((await router.message(16, 3))[2], { eligible: [], eligible_authid: [], exclude: [] }, 'an empty list is not none');
  await client.subscribe('t', { match: 'prefix', getRetained: true, options: { x_own: 1 } });
  assert.deepEqual((await router.message(32))[2], { match: 'prefix', get_retained: true, x_own: 1 });
  await client.register('p', () => {}, { match: 'wildcard', invoke: 'roundrobin', discloseCaller: true, concurrency: 2, forceReregister: true });
  assert.deepEqual((await router.message(64))[2], { match: 'wildcard', invoke: 'roundrobin', disclose_caller: true, concurrency: 2, force_reregister: true });
  void client.call('p', [], { discloseMe: true, timeout: 60_000, options: { x_own: 1 } }).catch(() => {});
  assert.deepEqual((await router.message(48))[2], { disclose_me: true, timeout: 60_000, x_own: 1 });
});

scripted('options of the wrong type are refused before they are sent', undefined, async ({ router, client }) => {
  assert.match((await rejection(client.publish('t', 1, { acknowledge: 'yes' }))).message, /acknowledge/);
  assert.match((await rejection(client.subscribe('t', { match: 'glob' }))).message, /match/);
  assert.match((await rejection(client.register('p', () => {}, { invoke: 'load' }))).message, /invoke/);
  assert.ok((await rejection(client.register('p'))) instanceof TypeError);
  assert.ok((await rejection(client.call('p', [() => {}]))) instanceof TypeError);
  await stillWorks(router, client);
  assert.deepEqual(router.received.map((m) => m[0]), [1, 48]);
});
