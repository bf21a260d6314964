// Calls and procedures, as AutobahnJS documents them: the same tests for both.
import assert from 'node:assert/strict';
import { startScripted } from '../scripted.mjs';
import { both, gate, opened, ours, oursOnly, rejection, settled, thrown } from './modules.mjs';

both('arguments arrive in every combination', async ({ open }) => {
  const { session } = await open();
  const seen = [];
  await session.register('com.test.arguments', (args, kwargs) => void seen.push([args, kwargs]));
  for (const given of [[], [[]], [[1, 'a']], [null, { b: 2 }], [[1], { b: [2] }], [[], {}], [undefined, undefined]]) {
    assert.equal(await session.call('com.test.arguments', ...given), null);
  }
  assert.deepEqual(seen, [[[], {}], [[], {}], [[1, 'a'], {}], [[], { b: 2 }], [[1], { b: [2] }], [[], {}], [[], {}]]);
});

both('results: nothing, one value, several, named', async ({ open, autobahn }) => {
  const { session } = await open();
  const { Result } = autobahn;
  const answers = [undefined, null, 7, [1, 2], { a: 1 }, new Result(), new Result([5]), new Result([1, 2]), new Result([], { c: 3 }), new Result([1], { c: 3 })];
  await session.register('com.test.results', ([i]) => answers[i]);
  const got = [];
  for (let i = 0; i < answers.length; i++) got.push(await session.call('com.test.results', [i]));
  assert.deepEqual(got.slice(0, 7), [null, null, 7, [1, 2], { a: 1 }, null, 5]);
  for (const [i, args, kwargs] of [[7, [1, 2], {}], [8, [], { c: 3 }], [9, [1], { c: 3 }]]) {
    assert.ok(got[i] instanceof Result);
    assert.deepEqual([got[i].args, got[i].kwargs], [args, kwargs]);
  }
});

both('an endpoint may return a promise', async ({ open }) => {
  const { session } = await open();
  await session.register('com.test.later', async ([n]) => n + 1);
  assert.equal(await session.call('com.test.later', [1]), 2);
});

both('errors: of an endpoint, with a URI and without', async ({ open, autobahn }) => {
  const { session } = await open();
  const failures = {
    own: () => new autobahn.Error('com.test.error.own', [1, 'two'], { three: 3 }),
    bare: () => new autobahn.Error('com.test.error.bare'),
    text: () => 'a text',
    dict: () => ({ a: 1 }),
  };
  await session.register('com.test.fail', ([how]) => { throw failures[how](); });
  await session.register('com.test.fail.later', ([how]) => Promise.reject(failures[how]()));
  for (const procedure of ['com.test.fail', 'com.test.fail.later']) {
    const got = [];
    for (const how of Object.keys(failures)) got.push(await rejection(session.call(procedure, [how])));
    for (const error of got) assert.ok(error instanceof autobahn.Error);
    assert.deepEqual(got.map(({ error, args, kwargs }) => [error, args, kwargs]), [
      ['com.test.error.own', [1, 'two'], { three: 3 }], ['com.test.error.bare', [], {}],
      ['wamp.error.runtime_error', ['a text'], {}], ['wamp.error.runtime_error', [{ a: 1 }], {}],
    ]);
  }
});

oursOnly('what an endpoint throws that is a real error arrives with its text', async ({ open, autobahn }) => {
  const { session } = await open();
  await session.register('com.test.throws', () => { throw new TypeError('no such thing'); });
  const error = await rejection(session.call('com.test.throws'));
  assert.deepEqual([error.error, error.args], ['wamp.error.runtime_error', ['no such thing']]);
  assert.ok(error instanceof globalThis.Error && error instanceof autobahn.Error);
  assert.match(String(error), /wamp\.error\.runtime_error: no such thing/);
});

both('errors: of the router', async ({ open, autobahn }) => {
  const { session } = await open();
  const missing = await rejection(session.call('com.test.nobody'));
  assert.ok(missing instanceof autobahn.Error);
  assert.equal(missing.error, 'wamp.error.no_such_procedure');
  await session.register('com.test.taken', () => {});
  assert.equal((await rejection(session.register('com.test.taken', () => {}))).error, 'wamp.error.procedure_already_exists');
  assert.equal((await rejection(session.subscribe('not a uri#', () => {}))).error, 'wamp.error.invalid_uri');
  assert.equal((await rejection(session.publish('not a uri#', [], {}, { acknowledge: true }))).error, 'wamp.error.invalid_uri');
});

both('errors that endpoints raise are told to on_user_error', async ({ open }) => {
  const told = [];
  const { session } = await open({ on_user_error: (error, message) => told.push([error, message]) });
  await session.register('com.test.raise', () => { throw 'no'; });
  await rejection(session.call('com.test.raise'));
  assert.deepEqual(told, [['no', 'Exception raised in invocation handler:']]);
});

both('who calls is told where that is asked for', async ({ open }) => {
  const { session } = await open();
  const { session: caller } = await open();
  const seen = [];
  const endpoint = (args, kwargs, details) => {
    seen.push([details.procedure, details.progress, details.caller]);
  };
  await session.register('com.test.options', endpoint, { disclose_caller: true });
  await session.register('com.test.options.discreet', endpoint);
  await caller.call('com.test.options');
  await caller.call('com.test.options.discreet');
  await caller.call('com.test.options.discreet', [], {}, { disclose_me: true });
  caller.caller_disclose_me = true;
  await caller.call('com.test.options.discreet');
  await caller.call('com.test.options.discreet', [], {}, { disclose_me: false });
  assert.deepEqual(seen, [
    ['com.test.options', null, caller.id], ['com.test.options.discreet', null, undefined],
    ['com.test.options.discreet', null, caller.id], ['com.test.options.discreet', null, caller.id],
    ['com.test.options.discreet', null, undefined],
  ]);
});

both('an invocation tells who calls by name and role', async ({ open, autobahn }) => {
  const { session } = await open();
  let seen;
  await session.register('com.test.invocation', (args, kwargs, details) => { seen = details; }, { disclose_caller: true });
  await session.call('com.test.invocation');
  assert.ok(seen instanceof autobahn.Invocation);
  assert.equal(seen.caller, session.id);
  assert.equal(typeof seen.caller_authid, 'string');
  assert.equal(typeof seen.caller_authrole, 'string');
});

both('progressive results reach the third function of then', async ({ open, peer, autobahn }) => {
  // The router sends progress only through callees that say they can be canceled, which AutobahnJS does not.
  await (await peer()).register('com.test.longop', async ([n], inv) => {
    for (let i = 0; i < n; i++) await inv.progress(i);
    await inv.progress(1, { args: [2], kwargs: { a: 3 } });
    return n;
  });
  const { session } = await open();
  const pieces = [];
  const result = await new Promise((resolve, reject) => {
    session.call('com.test.longop', [3], {}, { receive_progress: true }).then(resolve, reject, (piece) => pieces.push(piece));
  });
  assert.equal(result, 3);
  assert.deepEqual(pieces.slice(0, 3), [0, 1, 2]);
  assert.ok(pieces[3] instanceof autobahn.Result);
  assert.deepEqual([pieces[3].args, pieces[3].kwargs], [[1, 2], { a: 3 }]);
  assert.equal(await session.call('com.test.longop', [3]), 3, 'without asking for progress');
});

oursOnly('an endpoint sends progressive results of every shape', async ({ open, autobahn }) => {
  const { session } = await open();
  await session.register('com.test.longop.shapes', async (args, kwargs, { progress }) => {
    progress?.([1]);
    progress?.([1, 2], { a: 3 });
    progress?.(null, { a: 3 });
    progress?.();
    return progress === null;
  });
  const pieces = [];
  const call = session.call('com.test.longop.shapes', [], {}, { receive_progress: true });
  assert.equal(await call.then(undefined, undefined, (piece) => pieces.push(piece)), false);
  assert.ok(pieces[1] instanceof autobahn.Result);
  assert.deepEqual([pieces[0], pieces[1].args, pieces[1].kwargs, pieces[2].args, pieces[2].kwargs, pieces[3]], [1, [1, 2], { a: 3 }, [], { a: 3 }, null]);
  assert.equal(await session.call('com.test.longop.shapes'), true, 'null where nobody asks for progress');
});

oursOnly('progressive results work with native promises, too', async ({ open }) => {
  const { session } = await open({ use_es6_promises: true });
  await session.register('com.test.longop.native', (args, kwargs, { progress }) => { progress([1]); progress([2]); });
  const pieces = [];
  const call = session.call('com.test.longop.native', [], {}, { receive_progress: true });
  assert.ok(call instanceof Promise);
  await call.then(undefined, undefined, (piece) => pieces.push(piece));
  assert.deepEqual(pieces, [1, 2]);
});

both('calls are answered in the order in which their endpoints finish', async ({ open }) => {
  const { session } = await open();
  const gates = [gate(), gate(), gate()];
  await session.register('com.test.slowsquare', async ([i]) => {
    await gates[i].promise;
    return i * i;
  });
  const order = [];
  const calls = gates.map((_, i) => session.call('com.test.slowsquare', [i]).then((result) => order.push(result)));
  for (const i of [2, 0, 1]) {
    gates[i].open();
    await calls[i];
  }
  assert.deepEqual(order, [4, 0, 1]);
});

both('several callees share a procedure', async ({ open }) => {
  const served = [];
  for (const name of ['a', 'b', 'c']) {
    const { session } = await open();
    await session.register('com.test.shared', () => name, { invoke: 'roundrobin' });
  }
  const { session } = await open();
  for (let i = 0; i < 6; i++) served.push(await session.call('com.test.shared'));
  assert.deepEqual(served.slice(0, 3).sort(), ['a', 'b', 'c']);
  assert.deepEqual(served.slice(3), served.slice(0, 3));
});

both('pattern registrations: the router picks, the endpoint learns the name', async ({ open }) => {
  const { session } = await open();
  const serve = (name) => (args, kwargs, details) => [name, details.procedure];
  await session.register('com.test.pattern.exact', serve('exact'));
  await session.register('com.test.pattern', serve('prefix'), { match: 'prefix' });
  await session.register('com.test..wild', serve('wildcard'), { match: 'wildcard' });
  assert.deepEqual(await session.call('com.test.pattern.exact'), ['exact', 'com.test.pattern.exact']);
  assert.deepEqual(await session.call('com.test.pattern.other'), ['prefix', 'com.test.pattern.other']);
  assert.deepEqual(await session.call('com.test.any.wild'), ['wildcard', 'com.test.any.wild']);
});

both('unregister ends a procedure, and only once', async ({ open, autobahn }) => {
  const { session } = await open();
  const registration = await session.register('com.test.unregister', () => 1, { invoke: 'single' });
  assert.ok(registration instanceof autobahn.Registration);
  assert.deepEqual(
    [registration.procedure, registration.options, registration.session === session, registration.active, typeof registration.id, registration.endpoint()],
    ['com.test.unregister', { invoke: 'single' }, true, true, 'number', 1],
  );
  assert.deepEqual(session.registrations, [registration]);
  assert.equal(await registration.unregister(), undefined);
  assert.equal(registration.active, false);
  assert.deepEqual(session.registrations, []);
  assert.equal(String(thrown(() => session.unregister(registration))), 'registration not active');
  assert.equal((await rejection(session.call('com.test.unregister'))).error, 'wamp.error.no_such_procedure');
});

both('a canceled call is rejected at once, and its late answer ignored', async ({ open, autobahn }) => {
  const { session } = await open();
  const { promise, open: finish } = gate();
  await session.register('com.test.cancel', () => promise);
  const call = session.call('com.test.cancel');
  call.cancel({ mode: 'skip' });
  const error = await rejection(call);
  assert.ok(error instanceof autobahn.Error);
  assert.equal(error.error, 'Cancelled');
  finish('late');
  // AutobahnJS ends the session because of it.
  if (autobahn === ours) await settled(session);
});

oursOnly('cancel tells the router how, once', async ({ connection, t }) => {
  const router = await startScripted();
  t.after(() => router.stop());
  const { session } = await opened(await connection({ url: router.url }));
  const ways = [{ mode: 'skip' }, { mode: 'killnowait' }, { mode: 'kill' }, {}, undefined];
  const calls = ways.map(() => session.call('com.test.cancel'));
  for (const [i, way] of ways.entries()) {
    calls[i].cancel(way);
    calls[i].cancel(way);
  }
  // The router's word is what ends a call that is to be killed, whatever that is.
  router.send(50, (await router.message(48, 3))[1], {}, ['done']);
  assert.equal(await calls[2], 'done');
  for (const i of [0, 1, 3, 4]) assert.equal((await rejection(calls[i])).error, 'Cancelled');
  calls[2].cancel();
  session.publish('com.test.after');
  await router.message(16);
  const canceled = router.received.filter(([code]) => code === 49);
  assert.deepEqual(canceled.map(([, , options]) => options.mode), ['skip', 'killnowait', 'kill', 'killnowait', 'killnowait']);
});

oursOnly('cancel with kill interrupts the callee and waits for its word', async ({ open, autobahn }) => {
  const { session } = await open();
  const { session: callee } = await open();
  let signal;
  const started = gate();
  await callee.register('com.test.kill', (args, kwargs, details) => {
    ({ signal } = details);
    started.open();
    return new Promise(() => {});
  });
  const call = session.call('com.test.kill');
  await started.promise;
  call.cancel({ mode: 'kill' });
  const error = await rejection(call);
  assert.ok(error instanceof autobahn.Error);
  assert.equal(error.error, 'wamp.error.canceled');
  assert.equal(signal.aborted, true);
  assert.equal(callee.isOpen && session.isOpen, true);
  await settled(callee);
});

oursOnly('a timeout is kept here, whatever the router does', async ({ open }) => {
  const { session } = await open();
  await session.register('com.test.timeout', () => new Promise(() => {}));
  assert.equal((await rejection(session.call('com.test.timeout', [], {}, { timeout: 20 }))).error, 'wamp.error.timeout');
});
