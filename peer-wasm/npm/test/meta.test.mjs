// The meta API, event history and retained events, against the real router.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { WampError, connect } from 'wamplex';
import { startRouter } from './router.mjs';
import { rejection, scripted } from './scripted.mjs';

const CONFIG = `
[[realms]]
name = "realm1"
meta_api = "full"

[[realms.history.rules]]
pattern = "com.past."
match = "prefix"
`;

let router;
before(async () => (router = await startRouter(CONFIG)));
after(() => router.stop());

async function clients(t, count, options = {}) {
  const opened = await Promise.all(Array.from({ length: count }, () => connect(router.url, { realm: 'realm1', reconnect: false, ...options })));
  t.after(() => Promise.all(opened.map((client) => client.close())));
  return opened;
}

/** What a handler is called with, one after the other. */
function inbox() {
  const items = [];
  let wake;
  return {
    push: (...args) => {
      items.push(args);
      wake?.();
    },
    async next() {
      while (items.length === 0) await new Promise((resolve) => (wake = resolve));
      return items.shift();
    },
  };
}

test('sessions: counted, listed, described, announced and killed', async (t) => {
  const [alice, bob] = await clients(t, 2);
  const { sessions } = alice.meta;
  const ids = [alice.session.id, bob.session.id];
  assert.equal(await sessions.count(), 2);
  assert.equal(await sessions.count(['admin']), 0);
  assert.deepEqual((await sessions.list(['anonymous'])).toSorted(), ids.toSorted());
  const { session, authid, authrole } = await sessions.get(bob.session.id);
  assert.deepEqual([session, authid, authrole], [bob.session.id, bob.session.authid, 'anonymous']);

  const box = inbox();
  await sessions.on('join', (info, event) => box.push('join', info, event.topic));
  await sessions.on('leave', (info) => box.push('leave', info));
  const [carol] = await clients(t, 1);
  const { id, authid: carolId } = carol.session;
  const [, joined, topic] = await box.next();
  assert.deepEqual([joined.session, joined.authid, topic], [id, carolId, 'wamp.session.on_join']);
  const lost = new Promise((resolve) => carol.addEventListener('sessionlost', ({ detail }) => resolve(detail.cause)));
  await sessions.kill(id, { reason: 'com.example.enough', message: 'bye' });
  const cause = await lost;
  assert.deepEqual([cause.uri, cause.details.message], ['com.example.enough', 'bye']);
  assert.deepEqual(await box.next(), ['leave', { session: id, authid: carolId, authrole: 'anonymous' }]);

  assert.equal((await rejection(sessions.get(id))).uri, 'wamp.error.no_such_session');
  assert.equal((await rejection(sessions.kill(alice.session.id))).uri, 'wamp.error.no_such_session');
  assert.deepEqual(await sessions.killByAuthid('nobody'), []);
  assert.equal(await sessions.killByAuthrole('nobody'), 0);
  assert.equal(await sessions.killAll({ reason: 'com.example.all' }), 1);
});

test('registrations: looked up, described and announced; callees counted and taken out', async (t) => {
  const [alice, bob] = await clients(t, 2);
  const { registrations } = alice.meta;
  const box = inbox();
  for (const what of ['create', 'register', 'unregister', 'delete']) await registrations.on(what, (info) => box.push(what, info));
  const registration = await bob.register('com.meta.', () => 1, { match: 'prefix' });
  const { id } = registration;
  const session = bob.session.id;
  const [, created] = await box.next();
  assert.deepEqual([created.session, created.id, created.uri, created.match, created.invoke], [session, id, 'com.meta.', 'prefix', 'single']);
  assert.deepEqual(await box.next(), ['register', { session, registration: id }]);

  assert.ok((await registrations.list()).prefix.includes(id));
  assert.equal(await registrations.lookup('com.meta'), null);
  assert.equal(await registrations.lookup('com.meta.', { match: 'prefix' }), id);
  assert.equal(await registrations.match('com.meta.x'), id);
  assert.equal((await registrations.get(id)).uri, 'com.meta.');
  assert.deepEqual(await registrations.listCallees(id), [session]);
  assert.equal(await registrations.countCallees(id), 1);

  await registrations.removeCallee(id, session, { reason: 'com.example.because' });
  assert.deepEqual(await registration.closed, { reason: 'com.example.because' });
  assert.deepEqual(await box.next(), ['unregister', { session, registration: id }]);
  assert.deepEqual(await box.next(), ['delete', { session, registration: id }]);
  assert.equal((await rejection(registrations.get(id))).uri, 'wamp.error.no_such_registration');
});

test('subscriptions: looked up, described and announced; subscribers counted and taken out', async (t) => {
  const [alice, bob] = await clients(t, 2);
  const { subscriptions } = alice.meta;
  const box = inbox();
  for (const what of ['create', 'subscribe', 'unsubscribe', 'delete']) await subscriptions.on(what, (info) => box.push(what, info));
  const subscription = await bob.subscribe('com.meta.topic', () => {});
  const { id } = subscription;
  const session = bob.session.id;
  const [, created] = await box.next();
  assert.deepEqual([created.session, created.id, created.uri, created.match], [session, id, 'com.meta.topic', 'exact']);
  assert.deepEqual(await box.next(), ['subscribe', { session, subscription: id }]);

  assert.ok((await subscriptions.list()).exact.includes(id));
  assert.equal(await subscriptions.lookup('com.meta.topic'), id);
  assert.deepEqual(await subscriptions.match('com.meta.topic'), [id]);
  assert.equal((await subscriptions.get(id)).uri, 'com.meta.topic');
  assert.deepEqual(await subscriptions.listSubscribers(id), [session]);
  assert.equal(await subscriptions.countSubscribers(id), 1);

  await subscriptions.removeSubscriber(id, session, { reason: 'com.example.because' });
  assert.deepEqual(await subscription.closed, { reason: 'com.example.because' });
  assert.deepEqual(await box.next(), ['unsubscribe', { session, subscription: id }]);
  assert.deepEqual(await box.next(), ['delete', { session, subscription: id }]);
});

test('testaments are published when the session ends, unless they are taken back', async (t) => {
  const [alice, bob] = await clients(t, 2);
  const box = inbox();
  await alice.subscribe('com.meta.gone', ({ data, args, kwargs, publisher }) => box.push(data, args, kwargs, publisher));
  const { testament } = bob.meta;
  await testament.add('com.meta.gone', 'taken back', { scope: 'detached' });
  await testament.flush({ scope: 'detached' });
  await testament.add('com.meta.gone', 'bye', { args: [2], kwargs: { a: 1 }, discloseMe: true, eligible: [alice.session.id] });
  await testament.add('com.meta.gone');
  const { id } = bob.session;
  await bob.close();
  assert.deepEqual(await box.next(), ['bye', ['bye', 2], { a: 1 }, id]);
  assert.deepEqual(await box.next(), [undefined, [], {}, undefined]);
});

test('the history of a subscription', async (t) => {
  const [alice, bob] = await clients(t, 2);
  const subscription = await alice.subscribe('com.past.', () => {}, { match: 'prefix' });
  const publications = [];
  for (let i = 0; i < 5; i++) {
    const topic = i % 2 ? 'com.past.odd' : 'com.past.even';
    publications.push((await bob.publish(topic, i, { acknowledge: true, kwargs: { of: 5 } })).publication);
  }
  const { history } = alice.meta.subscriptions;
  const events = await history(subscription);
  assert.deepEqual(events.map(({ data, topic, publication }) => [data, topic, publication]), publications.map((id, i) => [i, i % 2 ? 'com.past.odd' : 'com.past.even', id]));
  assert.deepEqual([events[0].args, events[0].kwargs, events[0].retained], [[0], { of: 5 }, false]);
  assert.ok(!Number.isNaN(Date.parse(events[0].timestamp)));

  const data = async (...args) => (await history(...args)).map((event) => event.data);
  assert.deepEqual(await data(subscription.id, { limit: 2 }), [0, 1]);
  assert.deepEqual(await data(subscription, { limit: 2, reverse: true }), [4, 3]);
  assert.deepEqual(await data(subscription, { topic: 'com.past.odd' }), [1, 3]);
  assert.deepEqual(await data(subscription, { afterPublication: publications[1], untilPublication: publications[3] }), [2, 3]);
  assert.deepEqual(await data(subscription, { fromTime: new Date(Date.parse(events[0].timestamp) - 1000), limit: 1 }), [0]);
  assert.deepEqual(await data(subscription, { beforeTime: '1970-01-01T00:00:00Z' }), []);
  assert.equal((await rejection(history(subscription, { limit: 0 }))).uri, 'wamp.error.invalid_argument');

  const one = await alice.subscribe('com.past.odd', () => {});
  assert.deepEqual((await history(one)).map(({ topic }) => topic), ['com.past.odd', 'com.past.odd']);
  assert.equal((await history(one.id))[0].topic, undefined);
});

test('the retained event of a topic', async (t) => {
  const [alice, bob] = await clients(t, 2);
  await bob.publish('com.meta.retained', 'kept', { retain: true, acknowledge: true });
  const box = inbox();
  await alice.subscribe('com.meta.retained', ({ data, retained }) => box.push(data, retained), { getRetained: true });
  assert.deepEqual(await box.next(), ['kept', true]);
});

test('what is named and described', async (t) => {
  const [alice] = await clients(t, 1);
  await alice.register('com.meta.described', () => 1, { options: { x_schema: { description: 'says one' } } });
  const { procedures, topics, errors } = alice.meta;
  assert.ok((await procedures.list()).exact.includes('com.meta.described'));
  assert.equal((await procedures.describe('com.meta.described')).schema.description, 'says one');
  assert.equal(await procedures.describe('com.meta.described', { match: 'prefix' }), null);
  assert.ok(Array.isArray((await topics.list()).exact));
  assert.ok((await errors.list()).includes('wamp.error.timeout'));
});

test('ids are numbers whatever the application wants of integers', async (t) => {
  const [alice] = await clients(t, 1, { bigint: 'always' });
  assert.deepEqual(await alice.meta.sessions.list(), [alice.session.id]);
  const subscription = await alice.subscribe('com.past.big', () => {});
  await alice.publish('com.past.big', 1, { acknowledge: true });
  const [{ publication, args }] = await alice.meta.subscriptions.history(subscription);
  assert.equal(typeof publication, 'number');
  assert.deepEqual(args, [1n]);
});

test('what there is not rejects, and is no promise', async (t) => {
  const [alice] = await clients(t, 1);
  await assert.rejects(alice.meta.sessions.nothing(), TypeError);
  await assert.rejects(alice.meta.nothing.list(), TypeError);
  assert.equal(typeof (await alice.meta.sessions).list, 'function');
  await alice.close();
  assert.ok(WampError.is(await rejection(alice.meta.sessions.list())));
});

/** Answers every call with what it was called with. */
const echo = (message, send) => {
  if (message[0] === 48) send(50, message[1], {}, [message.slice(3)]);
};

scripted('kwargs have the names of the protocol, and what is not given is not sent', echo, async ({ client }) => {
  const { sessions, subscriptions, testament } = client.meta;
  assert.deepEqual(await sessions.list(), ['wamp.session.list']);
  assert.deepEqual(await sessions.killByAuthrole('a', { reason: 'x' }), ['wamp.session.kill_by_authrole', ['a'], { reason: 'x' }]);
  assert.deepEqual(await subscriptions.lookup('a', { match: 'prefix' }), ['wamp.subscription.lookup', ['a', { match: 'prefix' }]]);
  assert.deepEqual(await testament.flush(), ['wamp.session.flush_testaments']);
  const added = ['wamp.session.add_testament', ['t', [1], {}], { publish_options: { exclude_me: false }, scope: 'detached' }];
  assert.deepEqual(await testament.add('t', 1, { scope: 'detached', excludeMe: false }), added);
});

const past = { timestamp: '2026-01-01T00:00:00Z', subscription: 1, publication: 2, args: [3] };
for (const [name, args] of [['in one list', [[past]]], ['as arguments', [past]]]) {
  scripted(`events of the past may come ${name}`, (message, send) => {
    if (message[0] === 48) send(50, message[1], {}, args);
  }, async ({ client }) => {
    const [{ data, publication, timestamp }] = await client.meta.subscriptions.history(1, { topic: 'a' });
    assert.deepEqual([data, publication, timestamp], [3, 2, past.timestamp]);
  });
}
