// What no router takes is refused in words before it is sent: the session stays, and nothing is tried again and again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from 'wamplex';
import { createRouter } from 'wamplex/testing';

for (const [what, ask, words] of [
  ['a call without a procedure', (client) => client.call(undefined), /a topic or procedure must be a string/],
  ['a call of a number', (client) => client.callRaw(5), /must be a string/],
  ['a stream without a procedure', (client) => client.stream(null).result, /must be a string/],
  ['a subscription to a number', (client) => client.subscribe(5, () => {}), /must be a string/],
  ['a registration of an object', (client) => client.register({}, () => {}), /must be a string/],
  ['a publication to a list', (client) => client.publish(['com.example']), /must be a string/],
  ['an argument instead of a list of them', (client) => client.call('com.example.add', 5), /positional arguments must be a list/],
  ['an object instead of a list of arguments', (client) => client.call('com.example.add', { a: 1 }), /must be a list/],
  ['a list of named arguments', (client) => client.call('com.example.add', [], { kwargs: [1] }), /named arguments must be an object/],
  ['a time limit below zero', (client) => client.call('com.example.add', [], { timeout: -1 }), /timeout must be a number from 0 up/],
  ['a time limit that is no number', (client) => client.call('com.example.add', [], { timeout: '5s' }), /timeout must be a number from 0 up/],
  ['an option that there is not', (client) => client.publish('com.example', 1, { acknowlege: true }), /there is no option 'acknowlege'/],
  ['an option in the words of the protocol', (client) => client.subscribe('com.example', () => {}, { get_retained: true }), /there is no option 'get_retained'/],
  ['a call with an option that there is not', (client) => client.call('com.example', [], { timeOut: 5 }), /there is no option 'timeOut'/],
  ['a procedure with an option that there is not', (client) => client.register('com.example', () => {}, { invoked: 'last' }), /there is no option 'invoked'/],
  ['text for named arguments', (client) => client.publish('com.example', 1, { kwargs: 'a' }), /named arguments must be an object/],
]) {
  test(what, async (t) => {
    const router = await createRouter();
    t.after(() => router.close());
    const client = await router.connect();
    const { id } = client.session;
    await assert.rejects(ask(client), (error) => error instanceof TypeError && words.test(error.message));
    await router.settled();
    assert.equal(client.session.id, id);
  });
}

test('a call without end has no time limit', async (t) => {
  const router = await createRouter();
  t.after(() => router.close());
  await router.procedure('com.example.one', () => 1);
  const client = await router.connect({ callTimeout: Infinity });
  assert.equal(await client.call('com.example.one'), 1);
  assert.equal(await client.call('com.example.one', [], { timeout: Infinity }), 1);
});

for (const options of [
  { callTimeout: -1 }, { connectTimeout: NaN }, { reconnect: { initialDelay: NaN } }, { reconnect: { maxAttempts: -1 } },
  { callTimeout: '5s' }, { reconnect: { maxDelay: 'long' } }, { heartbeat: { interval: -20 } }, { whenDisconnected: { queueLimit: NaN } },
]) {
  test(`a client with ${JSON.stringify(options)} is not made`, () => {
    const words = /^(callTimeout|connectTimeout|initialDelay|maxDelay|maxAttempts|interval|queueLimit) must be a number from 0 up$/;
    assert.throws(() => new Client('ws://127.0.0.1/ws', { realm: 'realm1', ...options }), (error) => error instanceof TypeError && words.test(error.message));
  });
}

for (const jitter of ['Full', -1, NaN, {}]) {
  test(`a client with ${jitter} for jitter is not made`, () => {
    assert.throws(() => new Client('ws://127.0.0.1/ws', { realm: 'realm1', reconnect: { jitter } }), { name: 'TypeError', message: "jitter must be 'full', 'none' or a number from 0 up" });
  });
}

test('a heartbeat every 0 ms is none', async (t) => {
  const router = await createRouter();
  t.after(() => router.close());
  const sent = [];
  const client = await router.connect({ heartbeat: { interval: 0 }, debug: ({ dir, message }) => dir === 'tx' && sent.push(message[0]) });
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve));
  await client.call('wamp.session.count');
  assert.deepEqual(sent, [1, 48]);
});
