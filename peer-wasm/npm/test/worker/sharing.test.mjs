// One session for several tabs: here the tabs are the ends of message channels.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CanceledError, Client, ConnectionLostError, WampError, auth, connect as connectDirectly } from 'wamplex';
import { connect, serve } from 'wamplex/worker';
import { startProxy } from '../proxy.mjs';
import { startRouter } from '../router.mjs';
import { rejection } from '../scripted.mjs';

let router;
before(async () => (router = await startRouter()));
after(() => router.stop());

/** A worker with as many tabs as wanted, and a client with a session of its own. */
async function shared(t, count, url = router.url, options = {}) {
  const share = serve(url, { realm: 'realm1', reconnect: { initialDelay: 1, maxDelay: 20 } });
  const channels = Array.from({ length: count }, () => new MessageChannel());
  for (const { port2 } of channels) share.attach(port2);
  const tabs = await Promise.all(channels.map(({ port1 }) => connect(port1, options)));
  const witness = await connectDirectly(router.url, { realm: 'realm1' });
  t.after(async () => {
    await Promise.all(tabs.map((tab) => tab.close()));
    await Promise.all([share.close(), witness.close()]);
    for (const { port1 } of channels) port1.close();
  });
  return { share, tabs, witness };
}

test('all tabs are one session', async (t) => {
  const { share, tabs, witness } = await shared(t, 3);
  for (const tab of tabs) {
    assert.deepEqual([tab.session.id, tab.session.realm, tab.session.authrole], [share.client.session.id, 'realm1', 'anonymous']);
    assert.equal(tab.session.supports('dealer', 'call_canceling'), true);
  }
  assert.equal(share.tabs, 3);
  assert.equal(await witness.call('wamp.session.count'), 2);
});

test('a worker may prove itself by any method, and its tabs need not', async (t) => {
  const guarded = await startRouter(`
[[realms]]
name = "realm1"
[realms.authentication]
methods = ["ticket"]
[[realms.principals]]
authid = "joe"
role = "user"
ticket = "token"
`);
  t.after(() => guarded.stop());
  const share = serve(guarded.url, { realm: 'realm1', auth: auth.ticket({ authid: 'joe', ticket: 'token' }) });
  const { port1, port2 } = new MessageChannel();
  share.attach(port2);
  // Options that an application gives to all its clients do no harm.
  const tab = await connect(port1, { auth: auth.scram({ authid: 'joe', password: 'pencil' }) });
  t.after(async () => {
    await tab.close();
    await share.close();
    port1.close();
  });
  assert.deepEqual([tab.session.authid, tab.session.authmethod], ['joe', 'ticket']);
});

test('events reach every tab that subscribed, in order, but not the one that published', async (t) => {
  const { tabs: [one, two, three], witness } = await shared(t, 3);
  const seen = [[], [], []];
  await Promise.all([one, two].map((tab, i) => tab.subscribe('w.a', ({ data }) => seen[i].push(data))));
  await three.subscribe('w.', ({ topic, data }) => seen[2].push(`${topic} ${data}`), { match: 'prefix' });
  for (let i = 0; i < 5; i++) {
    void one.publish('w.a', `one ${i}`);
    await witness.publish('w.a', `witness ${i}`, { acknowledge: true });
  }
  await one.publish('w.a', 'to me, too', { excludeMe: false, acknowledge: true });
  await witness.publish('w.a', 'end', { acknowledge: true });
  while (!seen.every((list) => String(list.at(-1)).endsWith('end'))) await one.call('wamp.session.count');
  const all = [0, 1, 2, 3, 4].flatMap((i) => [`one ${i}`, `witness ${i}`]);
  assert.deepEqual(seen[0].filter((text) => text.startsWith('one')), []);
  assert.deepEqual(new Set(seen[1]), new Set([...all, 'to me, too', 'end']));
  assert.deepEqual(seen[1].filter((text) => text.startsWith('one')), [0, 1, 2, 3, 4].map((i) => `one ${i}`));
  assert.deepEqual(seen[0].filter((text) => text.startsWith('witness')), [0, 1, 2, 3, 4].map((i) => `witness ${i}`));
  assert.equal(seen[0].filter((text) => text === 'to me, too').length, 1);
  assert.equal(seen[2].length, 12);
});

test('a subscription of one tab ends without those of the others', async (t) => {
  const { share, tabs: [one, two], witness } = await shared(t, 2);
  const seen = [[], []];
  const [mine] = await Promise.all([one, two].map((tab, i) => tab.subscribe('w.b', ({ data }) => seen[i].push(data))));
  await mine.unsubscribe();
  await witness.publish('w.b', 1, { acknowledge: true });
  while (seen[1].length === 0) await two.call('wamp.session.count');
  assert.deepEqual(seen, [[], [1]]);
  await two.close();
  while ((await witness.call('wamp.subscription.lookup', ['w.b'])) !== null) await witness.call('wamp.session.count');
  assert.equal(share.tabs, 1);
});

test('retained events are for the tab that asks, once, and live ones are not doubled', async (t) => {
  const { tabs: [one], witness } = await shared(t, 1);
  await witness.publish('w.kept', 'old', { acknowledge: true, retain: true });
  const [first, second] = [[], []];
  await one.subscribe('w.kept', ({ data }) => first.push(data));
  await one.subscribe('w.kept', ({ data, retained }) => second.push([data, retained]), { getRetained: true });
  await witness.publish('w.kept', 'new', { acknowledge: true });
  while (first.length === 0) await one.call('wamp.session.count');
  assert.deepEqual([first, second], [['new'], [['old', true], ['new', false]]]);
});

test('calls, errors, progress, arguments in pieces, and large values', async (t) => {
  const { tabs: [one, two], witness } = await shared(t, 2);
  await two.register('w.echo', (args, inv) => inv.result({ args, kwargs: inv.kwargs }));
  await two.register('w.fail', () => { throw new WampError('w.error.no', { args: [1], kwargs: { a: 2 } }); });
  await two.register('w.count', async function* ([n]) { for (let i = 0; i < n; i++) yield i; return 'done'; });
  await two.register('w.sum', async ([first], inv) => {
    let sum = first;
    for await (const { args: [n] } of inv.input) sum += n;
    return sum;
  });
  const sent = [2n ** 60n, Uint8Array.of(0, 1, 255), { deep: [null, 'äöü'] }, 'x'.repeat(100_000)];
  for (const client of [one, two, witness]) {
    const { args, kwargs } = await client.callRaw('w.echo', { args: sent, kwargs: { k: 1 } });
    assert.deepEqual([args, kwargs], [sent, { k: 1 }]);
    const error = await rejection(client.call('w.fail'));
    assert.deepEqual([error.uri, error.args, error.kwargs], ['w.error.no', [1], { a: 2 }]);
    const job = client.stream('w.count', [3]);
    const seen = [];
    for await (const value of job) seen.push(value);
    assert.deepEqual([seen, await job.result], [[0, 1, 2], 'done']);
    assert.equal(await client.stream('w.sum', [1], { input: [[2], [3], [4]] }).result, 10);
  }
  assert.ok(WampError.is(await rejection(one.call('w.nobody')), 'wamp.error.no_such_procedure'));
  assert.ok(WampError.is(await rejection(one.register('w.echo', () => {})), 'wamp.error.procedure_already_exists'));
});

test('arguments that cross the answer on their way are no other call', async (t) => {
  const { tabs: [tab], witness } = await shared(t, 1);
  let calls = 0;
  await witness.register('w.first', () => ++calls);
  let sent = 0;
  let left = false;
  async function* input() {
    try {
      while (sent < 100_000) yield [++sent];
    } finally {
      left = true;
    }
  }
  assert.equal(await tab.stream('w.first', [], { input: input() }).result, 1);
  while (!left) await new Promise((resolve) => setTimeout(resolve));
  assert.equal(await tab.call('wamp.session.count'), 2);
  assert.equal(calls, 1);
});

test('canceling crosses both ways', async (t) => {
  const { tabs: [one, two], witness } = await shared(t, 2);
  const stopped = [];
  await two.register('w.slow', (_, inv) => new Promise((_, reject) => inv.signal.addEventListener('abort', () => {
    stopped.push(inv.signal.reason);
    reject(inv.signal.reason);
  })));
  for (const client of [one, witness]) {
    const abort = new AbortController();
    const failure = rejection(client.call('w.slow', [], { signal: abort.signal, cancelMode: 'kill' }));
    await client.call('wamp.session.count');
    abort.abort('enough');
    assert.equal(await failure, 'enough');
  }
  while (stopped.length < 2) await two.call('wamp.session.count');
  assert.ok(stopped.every((reason) => reason instanceof CanceledError));
});

test('a tab that closes takes its registrations and calls along, and no others', async (t) => {
  const { tabs: [one, two], witness } = await shared(t, 2);
  await one.register('w.mine', () => new Promise(() => {}));
  await two.register('w.theirs', () => 'here');
  const failure = rejection(witness.call('w.mine'));
  await witness.call('wamp.session.count');
  await one.close();
  assert.ok(WampError.is(await failure, 'wamp.error.canceled'));
  assert.ok(WampError.is(await rejection(witness.call('w.mine')), 'wamp.error.no_such_procedure'));
  assert.equal(await witness.call('w.theirs'), 'here');
});

test('when the worker loses its session, tabs lose theirs, and everything comes back', async (t) => {
  const proxy = await startProxy(router.url);
  t.after(() => proxy.stop());
  const { tabs, witness } = await shared(t, 2, proxy.url, { reconnect: { initialDelay: 1, maxDelay: 20 } });
  const seen = [[], []];
  const gaps = [];
  await Promise.all(tabs.map((tab, i) => tab.subscribe('w.back', ({ data }) => seen[i].push(data), { ongap: () => gaps.push(i) })));
  const registration = await tabs[1].register('w.back', () => 'back');
  const pending = rejection(tabs[0].call('w.back.nobody.answers'));
  assert.ok((await pending) instanceof WampError);
  const opened = tabs.map((tab) => new Promise((resolve) => tab.addEventListener('open', resolve, { once: true })));
  const lost = new Promise((resolve) => tabs[0].addEventListener('sessionlost', ({ detail }) => resolve(detail.cause), { once: true }));
  for (const pair of proxy.connections) proxy.fail(pair, 'cut');
  assert.ok((await lost) instanceof ConnectionLostError);
  await Promise.all(opened);
  while (!registration.active || gaps.length < 2) await tabs[1].call('wamp.session.count');
  await witness.publish('w.back', 'again', { acknowledge: true });
  while (seen.some((list) => list.length === 0)) await tabs[0].call('wamp.session.count');
  assert.deepEqual(seen, [['again'], ['again']]);
  assert.equal(await witness.call('w.back'), 'back');
});

test('what the worker cannot do is told to the tab', async (t) => {
  const share = serve(router.url, { realm: 'realm1' });
  const refused = serve(router.url, { realm: 'no.such.realm' });
  const channels = [new MessageChannel(), new MessageChannel()];
  share.attach(channels[0].port2);
  refused.attach(channels[1].port2);
  t.after(async () => {
    await Promise.all([share.close(), refused.close()]);
    for (const { port1 } of channels) port1.close();
  });
  const other = await rejection(connect(channels[0].port1, { realm: 'realm2' }));
  assert.ok(WampError.is(other, 'wamp.error.no_such_realm'));
  assert.match(other.message, /the worker is in the realm 'realm1'/);
  assert.ok(WampError.is(await rejection(connect(channels[1].port1)), 'wamp.error.no_such_realm'));
});

test('an existing client may be shared, and used beside', async (t) => {
  const client = new Client(router.url, { realm: 'realm1' });
  const share = serve(client);
  const { port1, port2 } = new MessageChannel();
  share.attach(port2);
  const tab = await connect(port1);
  t.after(async () => {
    await tab.close();
    await share.close();
    port1.close();
  });
  assert.equal(share.client, client);
  await client.register('w.inside', () => 'the worker');
  assert.equal(await tab.call('w.inside'), 'the worker');
});
