// Events, as AutobahnJS documents them: the same tests for both.
import assert from 'node:assert/strict';
import { both, gate, oursOnly, rejection, settled, thrown } from './modules.mjs';

/** Subscribes and keeps what arrives; `until` waits for so many events. */
async function collect(session, topic, options, pick = (args) => args[0]) {
  const events = [];
  let check = () => {};
  const subscription = await session.subscribe(topic, (...given) => {
    events.push(pick(...given));
    check();
  }, options);
  const until = (count) => new Promise((resolve) => {
    check = () => events.length >= count && resolve(events);
    check();
  });
  return { events, subscription, until };
}

const acknowledged = { acknowledge: true };

both('an event reaches a subscriber, but not its publisher', async ({ open }) => {
  const { session: alice } = await open();
  const { session: bob } = await open();
  const here = await collect(alice, 'com.test.basic');
  const there = await collect(bob, 'com.test.basic');
  for (let i = 0; i < 5; i++) alice.publish('com.test.basic', [i]);
  assert.deepEqual(await there.until(5), [0, 1, 2, 3, 4]);
  await settled(alice);
  assert.deepEqual(here.events, []);
});

both('handlers are told everything about an event', async ({ open, autobahn }) => {
  const { session: alice } = await open();
  const { session: bob } = await open();
  const { until, subscription } = await collect(bob, 'com.test.complex', undefined, (...all) => all);
  assert.equal(alice.publish('com.test.complex'), undefined, 'without acknowledge');
  alice.publish('com.test.complex', [1, { a: [null] }, 'ü']);
  alice.publish('com.test.complex', null, { b: 2 });
  const publication = await alice.publish('com.test.complex', [1], { b: 2 }, { acknowledge: true, disclose_me: true });
  const events = await until(4);
  assert.deepEqual(events.map(([args, kwargs]) => [args, kwargs]), [[[], {}], [[1, { a: [null] }, 'ü'], {}], [[], { b: 2 }], [[1], { b: 2 }]]);
  for (const [, , details, mine] of events) {
    assert.ok(details instanceof autobahn.Event);
    assert.equal(details.topic, 'com.test.complex');
    assert.equal(details.retained, false);
    assert.equal(mine, subscription);
  }
  assert.equal(events[0][2].publisher, undefined);
  const { publisher, publisher_authid, publisher_authrole } = events[3][2];
  assert.deepEqual([publisher, typeof publisher_authid, typeof publisher_authrole], [alice.id, 'string', 'string']);
  assert.ok(publication instanceof autobahn.Publication);
  assert.equal(publication.id, events[3][2].publication);
});

both('options: exclude_me, disclose_me, and the default for that', async ({ open }) => {
  const { session } = await open();
  const { until } = await collect(session, 'com.test.options', undefined, (args, kwargs, { publisher }) => publisher);
  await session.publish('com.test.options', [], {}, { exclude_me: false, acknowledge: true });
  await session.publish('com.test.options', [], {}, { exclude_me: false, acknowledge: true, disclose_me: true });
  session.publisher_disclose_me = true;
  await session.publish('com.test.options', [], {}, { exclude_me: false, acknowledge: true });
  await session.publish('com.test.options', [], {}, { exclude_me: false, acknowledge: true, disclose_me: false });
  assert.deepEqual(await until(4), [undefined, session.id, session.id, undefined]);
});

both('receivers are named or left out, by session, name and role', async ({ open }) => {
  const publisher = (await open()).session;
  const peers = [(await open()), (await open()), (await open())];
  const inboxes = [];
  for (const { session } of peers) inboxes.push(await collect(session, 'com.test.receivers'));
  const [a, b, c] = peers.map(({ session }) => session.id);
  const names = peers.map(({ details }) => details.authid);
  const cases = [
    [{ exclude: [a] }, [1, 2]], [{ eligible: [a, b] }, [0, 1]], [{ eligible: [a, b], exclude: [b] }, [0]],
    [{ exclude_authid: [names[2]] }, [0, 1]], [{ eligible_authid: [names[2]] }, [2]],
    [{ exclude_authrole: ['anonymous'] }, []], [{ eligible_authrole: ['anonymous'] }, [0, 1, 2]], [{ eligible: [c], exclude: [c] }, []],
  ];
  for (const [i, [options]] of cases.entries()) await publisher.publish('com.test.receivers', [i], {}, { ...options, acknowledge: true });
  await Promise.all(peers.map(({ session }) => settled(session)));
  assert.deepEqual(inboxes.map(({ events }) => events), [0, 1, 2].map((peer) => cases.flatMap(([, wanted], i) => (wanted.includes(peer) ? [i] : []))));
});

for (const [match, pattern, topics] of [
  ['prefix', 'com.test.prefix', ['com.test.prefix.a', 'com.test.prefix.a.b', 'com.test.other', 'com.test.prefixed']],
  ['wildcard', 'com.test..wild', ['com.test.a.wild', 'com.test.a.b.wild', 'com.test.b.wild', 'com.test.wild']],
]) {
  const wanted = match === 'prefix' ? [0, 1, 3] : [0, 2];
  both(`${match} subscriptions tell the topic of the event`, async ({ open }) => {
    const { session: alice } = await open();
    const { session: bob } = await open();
    const { events } = await collect(bob, pattern, { match }, (args, kwargs, details) => [args[0], details.topic]);
    for (const [i, topic] of topics.entries()) await alice.publish(topic, [i], {}, acknowledged);
    await settled(bob);
    assert.deepEqual(events, wanted.map((i) => [i, topics[i]]));
  });
}

both('one event reaches every subscription that matches, once', async ({ open }) => {
  const { session: alice } = await open();
  const { session: bob } = await open();
  const seen = [];
  const subscribe = async (name, topic, options) => (await bob.subscribe(topic, () => seen.push(name), options)).id;
  const ids = [
    await subscribe('exact', 'com.test.multi.a'), await subscribe('prefix', 'com.test.multi', { match: 'prefix' }),
    await subscribe('wildcard', 'com.test..a', { match: 'wildcard' }), await subscribe('exact again', 'com.test.multi.a'),
  ];
  assert.deepEqual([new Set(ids).size, ids[0] === ids[3]], [3, true]);
  await alice.publish('com.test.multi.a', [], {}, acknowledged);
  await settled(bob);
  assert.deepEqual(seen.sort(), ['exact', 'exact again', 'prefix', 'wildcard']);
});

both('a retained event reaches who asks for it', async ({ open }) => {
  const { session: alice } = await open();
  const { session: bob } = await open();
  const topic = `com.test.retained.${alice.id}`;
  await alice.publish(topic, ['kept'], { a: 1 }, { retain: true, acknowledge: true });
  const { until } = await collect(bob, topic, { get_retained: true }, (args, kwargs, { retained }) => [args, kwargs, retained]);
  assert.deepEqual(await until(1), [[['kept'], { a: 1 }, true]]);
  const { session: carol } = await open();
  const { events } = await collect(carol, topic);
  await settled(carol);
  assert.deepEqual(events, []);
});

both('handlers share one subscription of the router, and only the last ends it', async ({ open, autobahn }) => {
  const { session: alice } = await open();
  const { session: bob } = await open();
  const seen = [];
  const one = await bob.subscribe('com.test.shared', () => seen.push('one'));
  const two = await bob.subscribe('com.test.shared', () => seen.push('two'));
  const other = await bob.subscribe('com.test.unshared', () => {}, { match: 'prefix' });
  assert.ok(one instanceof autobahn.Subscription);
  assert.deepEqual([one.topic, one.options, other.options, one.active, one.session === bob, typeof one.id, one.handler.length],
    ['com.test.shared', {}, { match: 'prefix' }, true, true, 'number', 0]);
  assert.deepEqual(bob.subscriptions.map((list) => list.length).sort(), [1, 2]);
  assert.deepEqual(bob.subscriptions.find((list) => list.length === 2), [one, two]);
  await alice.publish('com.test.shared', [], {}, acknowledged);
  await settled(bob);
  assert.deepEqual(seen.splice(0), ['one', 'two']);
  assert.equal(await one.unsubscribe(), false);
  assert.equal(one.active, false);
  await alice.publish('com.test.shared', [], {}, acknowledged);
  await settled(bob);
  assert.deepEqual(seen.splice(0), ['two']);
  assert.equal(await bob.unsubscribe(two), true);
  await alice.publish('com.test.shared', [], {}, acknowledged);
  await settled(bob);
  assert.deepEqual(seen, []);
  assert.equal(await other.unsubscribe(), true);
  assert.deepEqual(bob.subscriptions, []);
});

oursOnly('what has ended cannot be ended again', async ({ open }) => {
  const { session } = await open();
  const subscription = await session.subscribe('com.test.twice', () => {});
  await subscription.unsubscribe();
  const error = thrown(() => session.unsubscribe(subscription));
  assert.ok(error instanceof globalThis.Error);
  assert.equal(String(error), 'subscription not active');
});

both('an error in a handler is told, and other handlers go on', async ({ open }) => {
  const told = [];
  const { session: alice } = await open();
  const { session: bob } = await open({ on_user_error: (error, message) => told.push([error, message]) });
  const seen = [];
  await bob.subscribe('com.test.failing', () => { throw 'broken'; });
  await bob.subscribe('com.test.failing', ([i]) => seen.push(i));
  await alice.publish('com.test.failing', [1], {}, acknowledged);
  await alice.publish('com.test.failing', [2], {}, acknowledged);
  await settled(bob);
  assert.deepEqual(seen, [1, 2]);
  assert.deepEqual(told, Array(2).fill(['broken', 'Exception raised in event handler:']));
});

oursOnly('handlers that return promises do not hold up each other, and their failures are told', async ({ open }) => {
  const told = [];
  const { session: alice } = await open();
  const { session: bob } = await open({ on_user_error: (error) => told.push(error) });
  const { promise, open: finish } = gate();
  const { until } = await collect(bob, 'com.test.slow', undefined, ([i]) => i);
  await bob.subscribe('com.test.slow', () => promise.then(() => { throw 'late'; }));
  for (let i = 0; i < 3; i++) alice.publish('com.test.slow', [i]);
  assert.deepEqual(await until(3), [0, 1, 2]);
  finish();
  await settled(bob);
  assert.deepEqual(told, ['late', 'late', 'late']);
});

both('prefixes stand for the beginning of a URI', async ({ open }) => {
  const { session } = await open();
  session.prefix('ex', 'com.test.example');
  assert.equal(session.resolve('ex:a'), 'com.test.example.a');
  assert.equal(session.resolve('ex:a:b'), 'com.test.example.a:b');
  for (const plain of ['other:a', 'com.test.plain', ':a']) assert.equal(session.resolve(plain), plain);
  await session.register('ex:square', ([n]) => n * n);
  assert.equal(await session.call('com.test.example.square', [3]), 9);
  assert.equal(await session.call('ex:square', [4]), 16);
  const { until } = await collect(session, 'ex:topic', undefined, (args, kwargs, { topic }) => [args[0], topic]);
  session.publish('ex:topic', [1], {}, { exclude_me: false });
  assert.deepEqual(await until(1), [[1, 'ex:topic']]);
  assert.deepEqual([session.subscriptions[0][0].topic, session.registrations[0].procedure], ['ex:topic', 'ex:square']);
  session.prefix('ex');
  assert.equal(session.resolve('ex:a'), 'ex:a');
});

both('a publication that is refused is told where it is acknowledged', async ({ open, autobahn }) => {
  const { session } = await open();
  const error = await rejection(session.publish('not a uri#', [], {}, acknowledged));
  assert.ok(error instanceof autobahn.Error);
});

oursOnly('an event that comes with SUBSCRIBED is handled as any other', async ({ open }) => {
  const { session: alice } = await open();
  const { session: bob } = await open();
  const topic = `com.test.early.${alice.id}`;
  await alice.publish(topic, ['kept'], {}, { retain: true, acknowledge: true });
  for (let i = 0; i < 20; i++) {
    const got = gate();
    const subscribing = bob.subscribe(topic, (args, kwargs, details, subscription) => got.open([args[0], subscription]), { get_retained: true });
    const [value, subscription] = await got.promise;
    assert.deepEqual([value, subscription], ['kept', await subscribing]);
    await subscription.unsubscribe();
  }
});
