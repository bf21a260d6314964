// The life of a connection, as AutobahnJS documents it: the same tests for both.
import assert from 'node:assert/strict';
import { NOWHERE, OWN_HOST, startScripted } from '../scripted.mjs';
import { both, closed, gate, opened, oursOnly, rejection, thrown } from './modules.mjs';

/** Retries that follow at once, and as long apart every time. */
const HASTY = { initial_retry_delay: 0.001, max_retry_delay: 0.002, retry_delay_growth: 1, retry_delay_jitter: 1e-9, max_retries: -1 };
const FINAL = { retry_delay: null, retry_count: null, will_retry: false };

async function scripted(t, script) {
  const router = await startScripted(script);
  t.after(() => router.stop());
  return router;
}

both('from open to close, everything shows where it is', async ({ connection }) => {
  const made = await connection();
  const shown = () => [made.isConnected, made.isOpen, made.isRetrying, made.session === null, made.transport.info.type];
  assert.deepEqual(shown(), [false, false, false, true, 'none']);
  assert.deepEqual(made.transport.info, { type: 'none', url: null, protocol: null });
  const opening = opened(made);
  assert.deepEqual(shown(), [true, false, false, false, 'websocket']);
  assert.deepEqual([made.session.isOpen, made.session.id], [false, null]);
  const { session, details } = await opening;
  assert.deepEqual(shown(), [true, true, false, false, 'websocket']);
  assert.equal(made.session, session);
  assert.equal(session.isOpen, true);
  assert.ok(Number.isSafeInteger(session.id));
  assert.equal(session.realm, 'realm1');
  assert.deepEqual(details.transport, made.transport.info);
  assert.match(details.transport.url, /^ws:/);
  assert.equal(details.transport.protocol, 'wamp.2.json');
  assert.deepEqual([details.authrole, details.authmethod, typeof details.authid], ['anonymous', 'anonymous', 'string']);
  assert.equal(session.features.caller.call_canceling, true);
  assert.equal(session.features.callee.shared_registration, true);
  assert.equal(session.features.subscriber.pattern_based_subscription, true);
  assert.equal(session.features.publisher.publisher_exclusion, true);
  const over = closed(made);
  made.close();
  const { reason, details: why } = await over;
  assert.equal(reason, 'closed');
  assert.deepEqual(why, { reason: 'wamp.close.goodbye_and_out', message: '', ...FINAL });
  assert.deepEqual(shown(), [false, false, false, true, 'none']);
  assert.deepEqual([session.isOpen, session.id, session.features], [false, null, null]);
});

both('opening twice and closing twice is misuse', async ({ connection }) => {
  const made = await connection();
  assert.equal(String(thrown(() => made.close())), 'connection already closed');
  const opening = opened(made);
  assert.equal(String(thrown(() => made.open())), 'connection already open (or opening)');
  await opening;
  assert.equal(String(thrown(() => made.open())), 'connection already open (or opening)');
  const over = closed(made);
  made.close();
  await over;
  const error = thrown(() => made.close());
  assert.ok(error == 'connection already closed', 'compares with the text');
});

oursOnly('what is thrown is an error', async ({ connection }) => {
  const made = await connection();
  assert.ok(thrown(() => made.close()) instanceof globalThis.Error);
});

both('a connection can be opened again', async ({ connection }) => {
  const made = await connection();
  const { session: first } = await opened(made);
  const over = closed(made);
  made.close('wamp.close.logout', 'bye');
  await over;
  const { session: second } = await opened(made);
  assert.notEqual(second, first);
  assert.deepEqual([first.isOpen, second.isOpen], [false, true]);
});

both('reason and message of close go to the router', async ({ connection, t }) => {
  const router = await scripted(t);
  const made = await connection({ url: router.url });
  await opened(made);
  made.close('com.test.bye', 'see you');
  assert.deepEqual((await router.message(6)).slice(1), [{ message: 'see you' }, 'com.test.bye']);
});

both('a realm that is not there closes the connection for good', async ({ connection }) => {
  const made = await connection({ realm: 'nowhere', ...HASTY });
  const { reason, details } = await rejection(opened(made));
  assert.equal(reason, 'closed');
  assert.equal(details.reason, 'wamp.error.no_such_realm');
  assert.deepEqual([details.will_retry, details.retry_count, details.retry_delay], [false, null, null]);
});

both('where nobody listens it retries so many times, later and later', async ({ connection }) => {
  const made = await connection({ url: NOWHERE, max_retries: 3, initial_retry_delay: 0.01, retry_delay_growth: 2, retry_delay_jitter: 1e-9 });
  const seen = [];
  const over = gate();
  made.onclose = (reason, { will_retry, retry_count, retry_delay }) => {
    seen.push([reason, will_retry, retry_count, retry_delay && Math.round(retry_delay * 1000) / 1000]);
    if (!will_retry) over.open();
  };
  made.open();
  await over.promise;
  assert.deepEqual(seen, [['unreachable', true, 1, 0.01], ['unreachable', true, 2, 0.02], ['unreachable', true, 3, 0.04], ['unreachable', false, null, null]]);
  assert.equal(made.isConnected, false);
});

both('fifteen attempts follow the first, unless there is to be no end', async ({ connection }) => {
  const count = async (max_retries, enough) => {
    const made = await connection({ url: NOWHERE, ...HASTY, max_retries });
    const counts = [];
    const over = gate();
    made.onclose = (reason, { retry_count }) => {
      counts.push(retry_count);
      if (retry_count === null || retry_count === enough) over.open();
      return retry_count === enough;
    };
    made.open();
    await over.promise;
    return counts;
  };
  const upTo = (n) => Array.from({ length: n }, (_, i) => i + 1);
  assert.deepEqual(await count(undefined), [...upTo(15), null]);
  assert.deepEqual(await count(-1, 20), upTo(20));
});

both('no pause is longer than max_retry_delay', async ({ connection }) => {
  const made = await connection({ url: NOWHERE, max_retries: 4, initial_retry_delay: 0.002, retry_delay_growth: 2, max_retry_delay: 0.005, retry_delay_jitter: 1e-9 });
  const delays = [];
  const over = gate();
  made.onclose = (reason, { retry_delay }) => {
    if (retry_delay === null) over.open();
    else delays.push(Math.round(retry_delay * 10_000) / 10_000);
  };
  made.open();
  await over.promise;
  assert.deepEqual(delays, [0.002, 0.004, 0.005, 0.005]);
});

both('onclose stops the retries with true, retry_if_unreachable from the beginning', async ({ connection }) => {
  const made = await connection({ url: NOWHERE, ...HASTY });
  const stopped = closed(made, true);
  made.open();
  const { reason, details } = await stopped;
  assert.deepEqual([reason, details.will_retry], ['unreachable', true]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(made.isConnected, false);
  const unwilling = await connection({ url: NOWHERE, ...HASTY, retry_if_unreachable: false });
  const over = closed(unwilling);
  unwilling.open();
  assert.deepEqual((await over).details, { ...(await over).details, ...FINAL });
});

both('a broken connection is opened again, with a new session', async ({ connection, t }) => {
  const router = await scripted(t);
  const made = await connection({ url: router.url, ...HASTY });
  const { session: first } = await opened(made);
  const lost = closed(made);
  const again = gate();
  made.onopen = (session) => again.open(session);
  router.drop();
  const { reason, details } = await lost;
  assert.equal(reason, 'lost');
  assert.deepEqual([details.reason, details.message, details.will_retry, details.retry_count], [null, null, true, 1]);
  assert.ok(details.retry_delay <= 0.002);
  const second = await again.promise;
  assert.notEqual(second, first);
  assert.deepEqual([first.isOpen, made.session === second, made.isRetrying], [false, true, false]);
});

both('a connection that the router closes in good order is closed, not lost', async ({ connection, t }) => {
  let socket;
  const router = await scripted(t, (message, send, connected) => void (socket = connected));
  const made = await connection({ url: router.url, ...HASTY });
  await opened(made);
  const over = closed(made, true);
  socket.close(1000);
  const { reason, details } = await over;
  assert.deepEqual([reason, details.reason, details.will_retry], ['closed', null, true]);
});

both('a transport that nobody knows is not supported', async ({ connection }) => {
  const told = [];
  const made = await connection({ transports: [{ type: 'pigeon', url: 'ws://127.0.0.1/' }], on_internal_error: (error) => told.push(String(error)) });
  const over = closed(made);
  made.open();
  assert.deepEqual(await over, { reason: 'unsupported', details: { reason: null, message: null, ...FINAL } });
  assert.deepEqual(told, ['no such transport: pigeon']);
  assert.equal(made.isConnected, false);
});

both('an address that is none is not supported either', async ({ connection }) => {
  const told = [];
  const made = await connection({ url: 'ftp://127.0.0.1/', on_internal_error: (error, message) => told.push(message) });
  const over = closed(made);
  made.open();
  assert.equal((await over).reason, 'unsupported');
  assert.deepEqual(told, ["could not create WAMP transport 'websocket': "]);
});

both('what the application throws in onopen and onclose is told', async ({ connection }) => {
  const told = [];
  const made = await connection({ on_user_error: (error, message) => told.push([error, message]) });
  const seen = gate();
  made.onopen = () => {
    setTimeout(seen.open);
    throw 'in onopen';
  };
  made.open();
  await seen.promise;
  assert.equal(made.isOpen, true);
  made.onclose = () => {
    setTimeout(over.open);
    throw 'in onclose';
  };
  const over = gate();
  made.close();
  await over.promise;
  assert.deepEqual(told, [
    ['in onopen', 'Exception raised from app code while firing Connection.onopen()'],
    ['in onclose', 'Exception raised from app code while firing Connection.onclose()'],
  ]);
});

both('two connections of one program know nothing of each other', async ({ open }) => {
  const one = await open();
  const two = await open();
  assert.notEqual(one.session.id, two.session.id);
  const over = closed(one.connection);
  one.connection.close();
  await over;
  assert.deepEqual([one.connection.isOpen, two.connection.isOpen], [false, true]);
});

// ---- what we do better ---------------------------------------------------------------------

oursOnly('close while retrying ends it, and says so', async ({ connection, t }) => {
  const router = await scripted(t);
  const made = await connection({ url: router.url, initial_retry_delay: 3600 });
  await opened(made);
  const lost = closed(made);
  router.drop();
  assert.equal((await lost).details.will_retry, false, 'max_retries is 0 in these tests');
  const patient = await connection({ url: router.url, initial_retry_delay: 3600, max_retries: 5 });
  await opened(patient);
  const broken = closed(patient);
  router.drop();
  assert.equal((await broken).details.will_retry, true);
  assert.deepEqual([patient.isRetrying, patient.isConnected], [true, false]);
  const over = closed(patient);
  patient.close('com.test.enough', 'really');
  assert.equal(patient.isRetrying, false);
  let last;
  const { onclose } = patient;
  patient.onclose = (...all) => {
    last = patient.session;
    return onclose(...all);
  };
  assert.deepEqual(await over, { reason: 'closed', details: { reason: 'com.test.enough', message: 'really', ...FINAL } });
  assert.deepEqual([last.isOpen, patient.session], [false, null]);
  assert.equal(String(thrown(() => patient.close())), 'connection already closed');
});

both('open between two attempts makes the next one at once', async ({ connection, t }) => {
  const router = await scripted(t);
  const made = await connection({ url: router.url, initial_retry_delay: 3600, max_retry_delay: 3600, max_retries: 5 });
  const { session: first } = await opened(made);
  const lost = closed(made);
  router.drop();
  assert.equal((await lost).details.will_retry, true);
  await new Promise((resolve) => setImmediate(resolve));
  const { session: second } = await opened(made);
  assert.notEqual(first, second);
  assert.deepEqual([made.isOpen, made.isRetrying], [true, false]);
});

oursOnly('an application that opens the connection when told of its end has it open', async ({ connection, t }) => {
  const router = await scripted(t);
  const made = await connection({ url: router.url, initial_retry_delay: 3600, max_retries: 5 });
  const { session: first } = await opened(made);
  const again = gate();
  made.onclose = () => {
    made.onclose = undefined;
    made.open();
    assert.equal(made.isConnected, true);
  };
  made.onopen = again.open;
  router.drop();
  await again.promise;
  assert.deepEqual([made.isOpen, made.session === first, made.isRetrying], [true, false, false]);
});

oursOnly('close while connecting ends it', async ({ connection, t }) => {
  const router = await scripted(t, (message) => message[0] === 1);
  const made = await connection({ url: router.url, ...HASTY });
  const over = closed(made);
  made.open();
  await router.message(1);
  made.close();
  const { details } = await over;
  assert.equal(details.will_retry, false);
  assert.deepEqual([made.isConnected, made.isRetrying], [false, false]);
});

for (const reason of ['wamp.close.system_shutdown', 'wamp.close.close_realm']) {
  oursOnly(`after GOODBYE because of ${reason} it comes back`, async ({ connection, t }) => {
    const router = await scripted(t);
    const made = await connection({ url: router.url, ...HASTY });
    await opened(made);
    const over = closed(made);
    const again = gate();
    made.onopen = again.open;
    router.send(6, { message: 'back soon' }, reason);
    const { reason: how, details } = await over;
    assert.deepEqual([how, details.reason, details.message, details.will_retry], ['closed', reason, 'back soon', true]);
    await again.promise;
  });
}

both('a session that the router ends is not opened again', async ({ connection, t }) => {
  const router = await scripted(t);
  const made = await connection({ url: router.url, ...HASTY });
  await opened(made);
  const over = closed(made);
  router.send(6, { message: 'out' }, 'wamp.close.killed');
  const { reason, details } = await over;
  assert.deepEqual([reason, details.reason, details.message, details.will_retry], ['closed', 'wamp.close.killed', 'out', false]);
});

oursOnly('a router that is stopped and started again is found again', async ({ connection, t }) => {
  const router = await startScripted(undefined, 0, OWN_HOST);
  const { port } = new URL(router.url);
  const made = await connection({ url: router.url, ...HASTY });
  await opened(made);
  const again = gate();
  made.onopen = again.open;
  made.onclose = undefined;
  await router.stop();
  const next = await startScripted(undefined, Number(port), OWN_HOST);
  t.after(() => next.stop());
  await again.promise;
  assert.equal(made.isOpen, true);
});

oursOnly('what waits for an answer is rejected when the connection breaks, and nobody has to look', async ({ connection, autobahn, t }) => {
  const unhandled = [];
  const listener = (error) => unhandled.push(error);
  process.on('unhandledRejection', listener);
  t.after(() => process.off('unhandledRejection', listener));
  const router = await scripted(t);
  const made = await connection({ url: router.url });
  const { session } = await opened(made);
  const requests = () => [
    session.call('a'), session.subscribe('b', () => {}), session.register('c', () => {}), session.publish('d', [], {}, { acknowledge: true }),
  ];
  const watched = requests().map(rejection);
  requests().forEach((request) => request.then(() => {}));
  requests();
  await router.message(16, 3);
  router.drop();
  for (const error of await Promise.all(watched)) {
    assert.ok(error instanceof autobahn.Error && error instanceof globalThis.Error, String(error));
    assert.equal(error.error, 'wamp.error.network_failure');
  }
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(unhandled, []);
});

oursOnly('answers and events that nobody waits for are no reason to leave', async ({ connection, t }) => {
  const router = await scripted(t, (message, send) => message[0] === 48 && (send(50, message[1], {}, ['still here']), true));
  const made = await connection({ url: router.url });
  const { session } = await opened(made);
  router.send(36, 99, 1, {});
  router.send(69, 98, { mode: 'kill' });
  assert.equal(await session.call('com.test.alive'), 'still here');
});

oursOnly('a retry that succeeds begins to count anew', async ({ connection, t }) => {
  const router = await scripted(t);
  const made = await connection({ url: router.url, ...HASTY, max_retries: 2 });
  await opened(made);
  for (let i = 0; i < 5; i++) {
    const again = gate();
    made.onopen = again.open;
    const lost = closed(made);
    router.drop();
    assert.equal((await lost).details.retry_count, 1);
    await again.promise;
  }
});

oursOnly('the application may close or open the connection while it is told of its end', async ({ connection, t }) => {
  const router = await scripted(t);
  const made = await connection({ url: router.url, initial_retry_delay: 3600, max_retries: 5 });
  await opened(made);
  const reasons = [];
  const over = gate();
  made.onclose = (reason, details) => {
    reasons.push(details.will_retry);
    if (details.will_retry) made.close();
    else over.open();
  };
  router.drop();
  await over.promise;
  assert.deepEqual([reasons, made.isRetrying], [[true, false], false]);
});

oursOnly('the end of the transport is not the end of the connection', async ({ connection, t }) => {
  const router = await scripted(t);
  const made = await connection({ url: router.url, ...HASTY });
  await opened(made);
  const over = closed(made);
  const again = gate();
  made.onopen = again.open;
  made.transport.close();
  const { reason, details } = await over;
  assert.deepEqual([reason, details.will_retry], ['closed', true]);
  await again.promise;
});

oursOnly('details of the end say what went wrong', async ({ connection }) => {
  const made = await connection({ url: NOWHERE });
  const { details } = await rejection(opened(made));
  assert.match(details.cause.message, /cannot connect to ws:/);
});

oursOnly('of several addresses the first that answers is taken', async ({ connection, t }) => {
  const router = await scripted(t);
  const made = await connection({ transports: [{ type: 'websocket', url: NOWHERE }, { type: 'websocket', url: router.url }] });
  const { details } = await opened(made);
  assert.equal(details.transport.url, router.url);
});

oursOnly('a router that falls silent is noticed by pings', async ({ connection, t }) => {
  const router = await scripted(t, (message) => message[0] === 48);
  const made = await connection({ url: router.url, autoping_interval: 0.01, autoping_timeout: 0.01, autoping_size: 4 });
  await opened(made);
  const { reason, details } = await closed(made);
  assert.equal(reason, 'lost');
  assert.match(details.cause.message, /silent/);
});

both('retries by default', async ({ connection }) => {
  const made = await connection({ url: NOWHERE, max_retries: undefined });
  const over = closed(made, true);
  made.open();
  const { will_retry, retry_count, retry_delay } = (await over).details;
  assert.deepEqual([will_retry, retry_count], [true, 1]);
  // Normally distributed around 1.5 s with a deviation of a tenth: ten of them are out of the question.
  assert.ok(retry_delay > 0 && retry_delay < 3, String(retry_delay));
});
