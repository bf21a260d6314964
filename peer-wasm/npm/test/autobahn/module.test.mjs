// What the module has beside connections and sessions.
import assert from 'node:assert/strict';
import * as named from 'wamplex/autobahn';
import { ConnectionLostError, WampError } from 'wamplex';
import { both, captured, gate, opened, ours, oursOnly, rejection, sharedRouter, thrown } from './modules.mjs';

const NOT_HERE = ['cbor', 'msgpack', 'nacl', 'when'];
const NEVER = () => {};

const MODULE = {
  '': [
    'version', 'Connection', 'Session', 'Subscription', 'Registration', 'Publication', 'Invocation', 'Event', 'Result', 'Error', 'serializer', 'auth_cra',
    'auth_cryptosign', 'auth_persona', 'transports', 'util', 'log',
  ],
  serializer: ['JSONSerializer', 'MsgpackSerializer', 'CBORSerializer'],
  auth_cra: ['sign', 'derive_key'],
  auth_cryptosign: ['load_private_key', 'delete_private_key', 'public_key', 'sign_challenge', 'create_connection'],
  transports: ['register', 'isRegistered', 'get', 'list'],
  util: [
    'atob', 'btoa', 'btoh', 'htob', 'rand_normal', 'is_object', 'assert', 'http_post', 'http_get_json', 'defaults', 'new_global_id', 'deferred_factory',
    'promise', 'sleep', 'as_promise', 'handle_error', 'read_file',
  ],
  log: ['debug', 'warn'],
};

both('the module has all members', ({ autobahn }) => {
  for (const [part, members] of Object.entries(MODULE)) {
    const found = part ? autobahn[part] : autobahn;
    for (const member of members) assert.ok(member in found, `${part}.${member}`);
    const more = Object.keys(found).filter((name) => !members.includes(name) && name[0] !== '_');
    assert.deepEqual(more.sort(), part || autobahn === ours ? [] : NOT_HERE, part);
  }
});

const CLASSES = {
  connection: ['open', 'close', 'onopen', 'onclose', 'session', 'isOpen', 'isConnected', 'isRetrying', 'transport', 'defer'],
  session: [
    'call', 'publish', 'subscribe', 'register', 'unsubscribe', 'unregister', 'prefix', 'resolve', 'log', 'join', 'leave', 'onjoin', 'onleave', 'id',
    'realm', 'isOpen', 'features', 'subscriptions', 'registrations', 'caller_disclose_me', 'publisher_disclose_me', 'defer',
  ],
  subscription: ['topic', 'handler', 'options', 'session', 'id', 'active', 'unsubscribe', 'on_unsubscribe'],
  registration: ['procedure', 'endpoint', 'options', 'session', 'id', 'active', 'unregister', 'on_unregister'],
};

both('connections, sessions and what they make have all members', async ({ open, autobahn }) => {
  const { connection, session } = await open();
  const subscription = await session.subscribe('com.test.members', () => {});
  const registration = await session.register('com.test.members', () => {});
  for (const [name, object] of Object.entries({ connection, session, subscription, registration })) {
    for (const member of CLASSES[name]) assert.ok(member in object, `${name}.${member}`);
    const members = Object.getOwnPropertyNames(Object.getPrototypeOf(object)).filter((member) => member[0] !== '_' && member !== 'constructor');
    if (autobahn !== ours) assert.deepEqual(members.filter((member) => !CLASSES[name].includes(member)), [], name);
  }
});

oursOnly('the default export has the named ones', () => {
  const { default: all, ...rest } = named;
  assert.deepEqual(Object.keys(all).sort(), Object.keys(rest).sort());
  for (const name of Object.keys(rest)) assert.equal(all[name], rest[name], name);
  assert.match(ours.version, /^\d+\.\d+\.\d+/);
});

both('values can be made by hand', ({ autobahn }) => {
  const { Result, Error: AutobahnError, Publication } = autobahn;
  const result = new Result([1], { a: 2 });
  assert.deepEqual([result.args, result.kwargs, new Result().args, new Result().kwargs], [[1], { a: 2 }, [], {}]);
  const error = new AutobahnError('com.test.error', [1], { a: 2 });
  assert.deepEqual([error.error, error.args, error.kwargs], ['com.test.error', [1], { a: 2 }]);
  const bare = new AutobahnError('com.test.error');
  assert.deepEqual([bare.args, bare.kwargs], [[], {}]);
  assert.equal(new Publication(7).id, 7);
  const event = new autobahn.Event(1, 'com.test', 2, 'joe', 'user', true, [{ session: 3 }]);
  assert.deepEqual({ ...event }, {
    publication: 1, topic: 'com.test', publisher: 2, publisher_authid: 'joe', publisher_authrole: 'user', retained: true, forward_for: [{ session: 3 }],
  });
  const { procedure, progress, caller, caller_authid, caller_authrole } = new autobahn.Invocation('com.test', NEVER, 2, 'joe', 'user');
  assert.deepEqual([procedure, progress, caller, caller_authid, caller_authrole], ['com.test', NEVER, 2, 'joe', 'user']);
});

both('subscriptions and registrations can be made by hand', async ({ open, autobahn }) => {
  const { session } = await open();
  const subscription = new autobahn.Subscription('com.test', NEVER, null, session, 5);
  assert.deepEqual([subscription.topic, subscription.handler, subscription.options, subscription.session, subscription.id, subscription.active], ['com.test', NEVER, {}, session, 5, true]);
  assert.equal(typeof subscription.on_unsubscribe.then, 'function');
  const registration = new autobahn.Registration('com.test', NEVER, { a: 1 }, session, 6);
  assert.deepEqual([registration.procedure, registration.endpoint, registration.options, registration.session, registration.id, registration.active], ['com.test', NEVER, { a: 1 }, session, 6, true]);
  assert.equal(typeof registration.on_unregister.then, 'function');
});

oursOnly('errors are errors: of the language, and of the client', ({ autobahn }) => {
  const error = new autobahn.Error('com.test.error', ['why'], { a: 1 });
  assert.ok(error instanceof Error && error instanceof WampError);
  assert.deepEqual([error.uri, error.message, error.name], ['com.test.error', 'com.test.error: why', 'Error']);
  assert.match(error.stack, /module\.test\.mjs/);
});

oursOnly('a rejection has the error of the client as its cause', async ({ open }) => {
  const { session } = await open();
  const error = await rejection(session.call('com.test.nobody'));
  assert.ok(error.cause instanceof WampError && !(error.cause instanceof ConnectionLostError));
});

// ---- util ----------------------------------------------------------------------------------

both('util: bytes as text and back', ({ autobahn: { util } }) => {
  const bytes = Uint8Array.of(0, 1, 127, 128, 255);
  assert.equal(util.btoa(bytes), 'AAF/gP8=');
  assert.deepEqual(util.atob('AAF/gP8='), bytes);
  assert.equal(util.btoh(bytes), '00017f80ff');
  assert.deepEqual(util.htob('00017f80ff'), bytes);
  for (const convert of ['atob', 'btoa', 'btoh', 'htob']) assert.equal(util[convert](null), null, convert);
  assert.ok(thrown(() => util.htob(7)) instanceof TypeError);
  assert.ok(thrown(() => util.htob('abc')) instanceof RangeError);
});

both('util: objects, assertions, defaults', ({ autobahn: { util } }) => {
  assert.deepEqual([{}, [], 1, 'a', new Date(), Object.create(null)].map((value) => util.is_object(value)), [true, false, false, false, true, true]);
  util.assert(1);
  assert.equal(thrown(() => util.assert(0, 'zero')).message, 'zero');
  assert.equal(thrown(() => util.assert(false)).message, 'Assertion failed!');
  assert.deepEqual(util.defaults(), {});
  assert.deepEqual(util.defaults({ a: 1 }, { a: 2, b: 2 }, null, { b: 3, c: 3 }), { a: 1, b: 2, c: 3 });
  assert.deepEqual(util.defaults({ a: { b: 1 } }, { a: { b: 2, c: 3 } }, true), { a: { b: 1, c: 3 } });
  assert.deepEqual(util.defaults({ a: { b: 1 } }, { a: { b: 2, c: 3 } }), { a: { b: 1 } });
  assert.match(thrown(() => util.defaults({}, 'x')).message, /Expected argument at index 1 to be an object/);
});

both('util: errors go to a handler, or to the console', ({ autobahn: { util }, t }) => {
  const told = [];
  util.handle_error((...all) => told.push(all), 'error', 'message');
  const [printed, restore] = captured(t, 'error');
  util.handle_error(undefined, 'error', 'message');
  util.handle_error(null, 'error');
  restore();
  assert.deepEqual(told, [['error', 'message']]);
  assert.deepEqual(printed, [['error', 'message', 'error'], ['error', 'Unhandled exception raised: ', 'error']]);
});

both('util: numbers by chance', ({ autobahn: { util } }) => {
  const ids = Array.from({ length: 100 }, () => util.new_global_id());
  for (const id of ids) assert.ok(Number.isInteger(id) && id >= 1 && id <= 2 ** 53);
  assert.equal(new Set(ids).size, 100);
  const numbers = Array.from({ length: 4000 }, () => util.rand_normal(10, 2));
  const mean = numbers.reduce((sum, x) => sum + x) / numbers.length;
  const sd = Math.sqrt(numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / numbers.length);
  // Seven standard errors, so that chance alone never fails this.
  assert.ok(Math.abs(mean - 10) < 0.22 && Math.abs(sd - 2) < 0.16, `${mean} ${sd}`);
  assert.equal(typeof util.rand_normal(), 'number');
});

both('util: promises', async ({ autobahn: { util } }) => {
  assert.equal(await util.as_promise((a, b) => a + b, 1, 2), 3);
  assert.equal(await util.as_promise(async () => 4), 4);
  assert.equal(await rejection(util.as_promise(() => { throw 'no'; })), 'no');
  await util.sleep(0);
  for (const options of [undefined, {}, { use_es6_promises: true }]) {
    const deferred = util.deferred_factory(options)();
    deferred.resolve(1);
    assert.equal(await util.promise(deferred), 1);
  }
  const own = () => {};
  assert.equal(util.deferred_factory({ use_deferred: own }), own);
  assert.equal(util.read_file, null);
});

// ---- log -------------------------------------------------------------------------------------

oursOnly('log: prints what is wanted', ({ autobahn: { log }, t }) => {
  const [printed, restore] = captured(t, 'log', 'warn');
  log.debug('silent');
  log.warn('one', 2);
  globalThis.AUTOBAHN_DEBUG = true;
  log.debug({ large: 1n });
  delete globalThis.AUTOBAHN_DEBUG;
  restore();
  assert.deepEqual(printed, [['warn', 'one', 2], ['log', '{\n  "large": "1"\n}']]);
});

// ---- transports ----------------------------------------------------------------------------------

both('transports: what is there, and what is not', ({ autobahn: { transports } }) => {
  assert.equal(transports.isRegistered('websocket'), true);
  assert.equal(transports.isRegistered('pigeon'), false);
  assert.ok(transports.list().includes('websocket'));
  assert.equal(typeof transports.get('websocket'), 'function');
  assert.equal(String(thrown(() => transports.get('pigeon'))), 'no such transport: pigeon');
  const factory = new (transports.get('websocket'))({ url: 'ws://127.0.0.1/' });
  assert.equal(factory.type, 'websocket');
  assert.equal(thrown(() => new (transports.get('websocket'))({})).message, 'options.url missing');
  assert.equal(thrown(() => new (transports.get('websocket'))({ url: 7 })).message, 'options.url must be a string');
});

both('transports: one of the application carries messages', async ({ autobahn, connection }) => {
  const url = await sharedRouter();
  const made = [];
  // Messages as they are, over a WebSocket that is made here.
  class Factory {
    type = 'own';
    constructor(options) {
      this.options = options;
    }
    create() {
      const socket = new WebSocket(url, ['wamp.2.json']);
      const transport = {
        protocol: undefined, onopen() {}, onmessage() {}, onclose() {}, info: { type: 'own', url: 'own://here', protocol: 'wamp.2.json' },
        send: (message) => socket.send(JSON.stringify(message)), close: (code, reason) => socket.close(code, reason),
      };
      made.push([this.options.colour, transport]);
      socket.onopen = () => transport.onopen();
      socket.onmessage = ({ data }) => transport.onmessage(JSON.parse(data));
      socket.onclose = ({ code, reason, wasClean }) => transport.onclose({ code, reason, wasClean });
      return transport;
    }
  }
  autobahn.transports.register('own', Factory);
  const over = gate();
  const it = await connection({ transports: [{ type: 'own', url: 'own://here', colour: 'green' }] });
  const { session, details } = await opened(it);
  assert.deepEqual([details.transport.type, made.length, made[0][0]], ['own', 1, 'green']);
  await session.register('com.test.own', ([a]) => a * 2);
  assert.equal(await session.call('com.test.own', [4]), 8);
  it.onclose = (reason, { will_retry }) => over.open([reason, will_retry]);
  it.close();
  assert.deepEqual(await over.promise, ['closed', false]);
});

oursOnly('transports: what cannot be made here is left out', async ({ connection }) => {
  const told = [];
  const made = await connection({
    transports: [{ type: 'longpoll', url: 'http://127.0.0.1/' }, { type: 'rawsocket' }, { type: 'websocket', url: await sharedRouter() }],
    on_internal_error: (error) => told.push(String(error)),
  });
  assert.equal((await opened(made)).details.transport.type, 'websocket');
  assert.deepEqual(told, ['no such transport: longpoll', 'You must specify a host/port combination or a unix socket path to connect to']);
});

oursOnly('transports: an application\'s that fails is lost, or unreachable', async ({ autobahn, connection }) => {
  let transport;
  autobahn.transports.register('failing', class {
    create() {
      transport = { send() {}, close() {} };
      queueMicrotask(() => transport.onclose({}));
      return transport;
    }
  });
  const made = await connection({ transports: [{ type: 'failing', url: 'own://here' }] });
  assert.equal((await rejection(opened(made))).reason, 'unreachable');
});
