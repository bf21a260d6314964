// Who may come into the router in the page, what they may do there, and what becomes of those who break the rules.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuthError, auth } from 'wamplex';
import { createRouter } from 'wamplex/testing';
import { rejection, routed } from './routed.mjs';

const users = [
  { authid: 'joe', ticket: 'open sesame', role: 'admin' },
  { authid: 'ann', secret: 's3cret' },
  { authid: 'salted', secret: 's3cret', salt: 'salt123', iterations: 2000 },
];

routed('users come in by what they know', { users }, async (router) => {
  const joe = await router.connect({ auth: auth.ticket({ authid: 'joe', ticket: 'open sesame' }) });
  assert.deepEqual([joe.session.authid, joe.session.authrole, joe.session.authmethod], ['joe', 'admin', 'ticket']);
  const ann = await router.connect({ auth: auth.wampcra({ authid: 'ann', secret: 's3cret' }) });
  assert.deepEqual([ann.session.authid, ann.session.authrole, ann.session.authmethod], ['ann', 'user', 'wampcra']);
  const salted = await router.connect({ auth: auth.wampcra({ authid: 'salted', secret: 's3cret' }) });
  assert.equal(salted.session.authid, 'salted');
  const either = await router.connect({ auth: [auth.ticket({ authid: 'ann', ticket: 'x' }), auth.wampcra({ authid: 'ann', secret: 's3cret' })] });
  assert.equal(either.session.authmethod, 'wampcra');
});

routed('nobody else does', { users }, async (router) => {
  const table = [
    [auth.ticket({ authid: 'joe', ticket: 'open' }), 'wamp.error.authentication_denied'],
    [auth.ticket({ authid: 'jim', ticket: 'open sesame' }), 'wamp.error.authentication_denied'],
    [auth.ticket({ authid: 'ann', ticket: 's3cret' }), 'wamp.error.authentication_denied'],
    [auth.ticket({ ticket: 'open sesame' }), 'wamp.error.authentication_denied'],
    [auth.wampcra({ authid: 'ann', secret: 'wrong' }), 'wamp.error.authentication_denied'],
    [auth.wampcra({ authid: 'jim', secret: 'wrong' }), 'wamp.error.authentication_denied'],
    [auth.wampcra({ authid: 'salted', secret: 's3cret!' }), 'wamp.error.authentication_denied'],
    [auth.anonymous(), 'wamp.error.authentication_required'],
    [auth.scram({ authid: 'ann', password: 's3cret' }), 'wamp.error.no_matching_auth_method'],
  ];
  for (const [authenticator, uri] of table) {
    const error = await rejection(router.connect({ auth: authenticator }));
    assert.ok(error instanceof AuthError, `${error}`);
    assert.equal(error.uri, uri);
  }
  assert.deepEqual(router.sessions, []);
});

routed('a realm may be open for those who prove nothing', { users, realms: [{ name: 'realm1', anonymous: true }] }, async (router) => {
  assert.equal((await router.connect()).session.authrole, 'anonymous');
  const error = await rejection(router.connect({ auth: auth.ticket({ authid: 'joe', ticket: 'wrong' }), reconnect: false }));
  assert.equal(error.uri, 'wamp.error.authentication_denied');
});

const roles = [
  { name: 'anonymous', permissions: [{ uri: 'com.example.', match: 'prefix', allow: ['call', 'subscribe'] }] },
  { name: 'admin', allowAll: true },
];
routed('roles say who may do what', { users: [users[0]], realms: [{ name: 'realm1', anonymous: true, roles }] }, async (router) => {
  const guest = await router.connect();
  const joe = await router.connect({ auth: auth.ticket({ authid: 'joe', ticket: 'open sesame' }) });
  await joe.register('com.example.p', () => 'yes');
  assert.equal(await guest.call('com.example.p'), 'yes');
  const refused = [guest.call('com.other.p'), guest.register('com.example.q', () => 1), guest.publish('com.example.t', 1, { acknowledge: true })];
  for (const { uri } of await Promise.all(refused.map(rejection))) assert.equal(uri, 'wamp.error.not_authorized');
  await router.procedure('com.example.q', () => 'the test may do everything');
  assert.equal(await guest.call('com.example.q'), 'the test may do everything');
});

test('settings that make no sense are refused in words', async () => {
  const table = [
    [{ realms: [{ name: '' }] }, /name/],
    [{ realms: ['a', 'a'] }, /already/],
    [{ realms: [{ name: 'a', metaApi: 'some' }] }, /metaApi.*expected `off`, `ask` or `full`/],
    [{ realms: [{ name: 'a', colour: 1 }] }, /colour.*no such setting/],
    [{ realms: [{ name: 'a', callTimeout: -1 }] }, /callTimeout.*whole number/],
    [{ realms: [{ name: 'a', roles: [{ name: 'x' }, { name: 'x' }] }] }, /two roles/],
    [{ realms: [{ name: 'a', roles: [{ name: 'x', permissions: [{ uri: 'a', allow: ['fly'] }] }] }] }, /`call`, `register`/],
    [{ users: [{ authid: 'joe' }] }, /neither/],
    [{ users: [{ authid: 'joe', secret: 'x', salt: 'y', iterations: 1 }] }, /1,000/],
    [{ users: [users[0], { authid: 'joe', secret: 'x' }] }, /two users.*`authid`/],
    [{ users: [users[0]], realms: [{ name: 'a', users: [{ authid: 'joe', secret: 'x' }] }] }, /two users.*`authid`/],
    [{ realms: [{ name: 'a', retention: { maxTTL: 1 } }] }, /`maxTtl`/],
    [{ realms: [{ name: 'a', historyReplyBytes: 'x' }] }, /`historyReplyBytes` of a realm/],
    [{ realms: [] }, /realm/],
  ];
  for (const [options, words] of table) assert.match((await rejection(createRouter(options))).message, words);
});

/** A socket without a client. */
async function rawSocket(router, protocol) {
  const socket = router.webSocket(router.url, [protocol]);
  socket.binaryType = 'arraybuffer';
  const received = [];
  socket.onmessage = ({ data }) => received.push(data);
  const closed = new Promise((resolve) => (socket.onclose = resolve));
  await new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onerror: reject }));
  return { socket, received, closed };
}

const HELLO = JSON.stringify([1, 'realm1', { roles: { caller: {}, callee: {}, publisher: {}, subscriber: {} } }]);

routed('who breaks the protocol gets ABORT, and others do not notice', {}, async (router) => {
  const witness = await router.connect();
  await witness.register('com.example.p', () => 'yes');
  const frames = ['[1, ', '', 'null', '[]', '[7]', '[1]', '[16, 1, {}, "a"', new Uint8Array([0x81]), '[2, 1, {}]', HELLO, '[48, 7, {}, "com.example.p"]', '[70, 9, {}]', '\u0000'];
  for (const welcomed of [false, true]) {
    for (const frame of frames) {
      if (frame === HELLO && !welcomed) continue;
      const { socket, received, closed } = await rawSocket(router, 'wamp.2.json');
      if (welcomed) socket.send(HELLO);
      socket.send(frame);
      socket.send(HELLO);
      const { code, wasClean } = await closed;
      const [kind, , reason] = JSON.parse(received.at(-1));
      assert.deepEqual([kind, reason, code, wasClean], [3, 'wamp.error.protocol_violation', 1002, true], JSON.stringify(frame));
      assert.equal(received.length, welcomed ? 2 : 1);
      assert.equal(socket.readyState, 3);
    }
  }
  for (const [protocol, frame] of [['wamp.2.msgpack', '[1]'], ['wamp.2.cbor', new Uint8Array([0xff])], ['wamp.2.msgpack', new Uint8Array([0xc1])]]) {
    const { socket, received, closed } = await rawSocket(router, protocol);
    socket.send(frame);
    assert.equal((await closed).code, 1002);
    assert.ok(received[0] instanceof ArrayBuffer);
  }
  assert.equal(witness.state, 'open');
  assert.equal(await witness.call('com.example.p'), 'yes');
  assert.deepEqual(router.sessions.map(({ id }) => id), [witness.session.id]);
});

routed('a socket behaves as those of browsers do', {}, async (router) => {
  const wrong = router.webSocket(router.url, ['graphql-ws']);
  assert.throws(() => wrong.send('x'), /not open/);
  const events = [];
  for (const type of ['open', 'error', 'close']) wrong.addEventListener(type, (event) => events.push([type, event.code]));
  await router.settled();
  assert.deepEqual(events, [['error', undefined], ['close', 1006]]);
  const { socket, received, closed } = await rawSocket(router, 'wamp.2.json.batched');
  assert.throws(() => socket.close(1002), /1002/);
  assert.throws(() => socket.send({}), TypeError);
  socket.send(`${HELLO}\u001e[32,1,{},"t"]\u001e[16,2,{"exclude_me":false},"t",["a"]]\u001e`);
  assert.ok(socket.bufferedAmount > 0);
  await router.settled();
  assert.equal(socket.bufferedAmount, 0);
  assert.deepEqual(received.join('').split('\u001e').filter(Boolean).map((message) => JSON.parse(message)[0]), [2, 33, 36]);
  socket.close(1000, 'bye');
  assert.equal(socket.readyState, 2);
  const { code, reason, wasClean } = await closed;
  assert.deepEqual([code, reason, wasClean], [1000, 'bye', true]);
  assert.deepEqual(router.sessions, []);
});

routed('GOODBYE is answered, and the socket may be used again', {}, async (router) => {
  const { socket, received } = await rawSocket(router, 'wamp.2.json');
  for (let n = 0; n < 2; n++) {
    socket.send(HELLO);
    socket.send('[6, {}, "wamp.close.close_realm"]');
  }
  await router.settled();
  assert.deepEqual(received.map((message) => JSON.parse(message)[0]), [2, 6, 2, 6]);
  assert.equal(socket.readyState, 1);
});
