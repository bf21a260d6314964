// What a test does to the network between clients and the router in the page, and what clients make of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, ConnectionLostError, connect } from 'wamplex';
import { createRouter } from 'wamplex/testing';

const rejection = (promise) => promise.then((value) => assert.fail(`resolved to ${value}`), (error) => error);
const happened = (target, type) => new Promise((resolve) => target.addEventListener(type, (event) => resolve(event.detail ?? event), { once: true }));
const AT_ONCE = { reconnect: { initialDelay: 1, maxDelay: 1 } };

/** Runs a test with a router of its own. */
function routed(name, run, options) {
  test(name, async (t) => {
    const router = await createRouter(options);
    t.after(() => router.close());
    await run(router, t);
  });
}

routed('a client that is cut reports the loss, and nobody else notices', async (router) => {
  const [alice, bob] = [await router.connect({ reconnect: false }), await router.connect()];
  await bob.register('com.example.long', () => new Promise(() => {}));
  await bob.register('com.example.p', () => 1);
  const call = rejection(alice.call('com.example.long'));
  await router.settled();
  const lost = happened(alice, 'sessionlost');
  router.cut(alice);
  assert.equal(router.sessions.length, 1, 'the router knows at once');
  const { cause } = await lost;
  assert.ok(cause instanceof ConnectionLostError);
  assert.match(cause.message, /1006/);
  const error = await call;
  assert.ok(error instanceof ConnectionLostError && error.maybeSent);
  assert.equal(alice.state, 'closed');
  assert.equal(bob.state, 'open');
  assert.equal(await (await router.connect()).call('com.example.p'), 1);
});

routed('a client comes back with everything it had', async (router) => {
  const [alice, bob] = [await router.connect(AT_ONCE), await router.connect()];
  const heard = [];
  await alice.subscribe('com.example.topic', (event) => void heard.push(event.data));
  await alice.register('com.example.p', () => 'yes');
  const before = alice.session.id;
  const back = happened(alice, 'open');
  router.cut(alice);
  assert.notEqual((await back).id, before);
  await router.settled();
  assert.equal(await bob.call('com.example.p'), 'yes');
  await bob.publish('com.example.topic', 1, { acknowledge: true });
  await router.settled();
  assert.deepEqual(heard, [1]);
});

routed('cut names a client, a session, an id, or all', async (router) => {
  const ids = () => router.sessions.map(({ id }) => id);
  const clients = [];
  for (let n = 0; n < 5; n++) clients.push(await router.connect({ reconnect: false }));
  const all = ids();
  router.cut(clients[0]);
  router.cut(router.sessions[0]);
  router.cut(all[2]);
  router.cut(1);
  router.cut(undefined);
  assert.deepEqual(ids(), all.slice(3));
  router.cut();
  assert.deepEqual(ids(), []);
  await router.settled();
  assert.deepEqual(clients.map(({ state }) => state), Array(5).fill('closed'));
});

routed('what is under way on a connection that is cut does not arrive', async (router) => {
  const [alice, bob] = [await router.connect({ reconnect: false }), await router.connect()];
  const heard = [];
  await bob.subscribe('com.example.topic', (event) => void heard.push(event.data));
  await alice.publish('com.example.topic', 1);
  router.cut(alice);
  await router.settled();
  assert.deepEqual(heard, []);
});

routed('refused connections fail as those to no router do, and clients try again', async (router) => {
  router.refuse();
  const error = await rejection(connect(router.url, { realm: 'realm1', webSocket: router.webSocket, reconnect: false }));
  assert.ok(error instanceof ConnectionLostError, `${error}`);
  const client = new Client(router.url, { realm: 'realm1', webSocket: router.webSocket, ...AT_ONCE });
  const ready = client.ready();
  await happened(client, 'reconnecting');
  router.refuse(false);
  await ready;
  assert.equal(router.sessions.length, 1);
  await client.close();
});

routed('a network that stalls keeps everything, and loses nothing', async (router) => {
  const client = await router.connect();
  await router.procedure('com.example.p', ([n]) => n);
  router.stall();
  const answers = [];
  for (let n = 0; n < 5; n++) void client.call('com.example.p', [n]).then((answer) => answers.push(answer));
  await router.settled();
  assert.deepEqual(answers, []);
  router.stall(false);
  await router.settled();
  assert.deepEqual(answers, [0, 1, 2, 3, 4]);
});

routed('a stalled connection is given up by the heartbeat', async (router) => {
  const client = await router.connect({ reconnect: false, heartbeat: { interval: 5, timeout: 5 } });
  const lost = happened(client, 'sessionlost');
  router.stall();
  assert.ok((await lost).cause instanceof ConnectionLostError);
  assert.equal(client.state, 'closed');
});

routed('messages take the latency for each way, and advance does not wait for it', async (router) => {
  const client = await router.connect();
  await router.procedure('com.example.p', () => 'yes');
  router.latency = 3_600_000;
  let answer;
  void client.call('com.example.p').then((value) => (answer = value));
  await router.advance(3_600_000);
  assert.equal(answer, undefined, 'it is on the way back');
  await router.advance(3_600_000);
  assert.equal(answer, 'yes');
});

routed('everything works while a test has replaced the timers', async (router, t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'] });
  const [alice, bob] = [await router.connect(), await router.connect()];
  await alice.register('com.example.long', ([wait]) => (wait ? new Promise(() => {}) : 'now'));
  assert.equal(await bob.call('com.example.long', [false]), 'now');
  const failing = rejection(bob.call('com.example.long', [true], { options: { timeout: 5_000 } }));
  await router.settled();
  t.mock.timers.tick(5_001);
  assert.equal((await failing).uri, 'wamp.error.timeout');
  t.mock.timers.reset();
});

routed('each message has a task of its own', async (router) => {
  const client = await router.connect();
  const order = [];
  await client.subscribe('com.example.topic', (event) => {
    order.push(event.data);
    void Promise.resolve().then(() => {}).then(() => order.push('after'));
  });
  await router.publish('com.example.topic', 1);
  await Promise.all([2, 3].map((n) => router.publish('com.example.topic', n)));
  assert.deepEqual(order, [1, 'after', 2, 'after', 3, 'after']);
});

routed('what the test does itself is seen by nobody, and not touched', async (router) => {
  await router.procedure('com.example.p', () => 'yes');
  const client = await router.connect();
  assert.equal(router.sessions.length, 1);
  assert.equal(await client.call('wamp.session.count'), 1);
  assert.deepEqual(await client.call('wamp.session.list'), [client.session.id]);
  const recording = await router.record('com.example.', { match: 'prefix' });
  router.cut();
  const other = await router.connect();
  assert.equal(await other.call('com.example.p'), 'yes');
  await other.publish('com.example.a', 1);
  await other.publish('com.example.b', 2);
  assert.equal((await recording.next()).topic, 'com.example.a');
  assert.equal((await recording.next()).data, 2);
  assert.deepEqual(recording.events.map(({ data }) => data), [1, 2]);
  const waiting = recording.next();
  waiting.catch(() => {});
  await recording.stop();
  await assert.rejects(waiting, /the recording has ended/);
  await other.publish('com.example.c', 3, { acknowledge: true });
  await router.settled();
  assert.equal(recording.events.length, 2);
  const never = (await router.record('com.example.never')).next();
  never.catch(() => {});
  await router.close();
  await assert.rejects(never, /the recording has ended/);
});

test('a WebSocket that the application makes leads into the page while the router is installed', async () => {
  const router = await createRouter({ url: 'wss://api.example.com/ws' });
  const before = globalThis.WebSocket;
  globalThis.WebSocket = undefined;
  const nothing = router.install();
  assert.throws(() => new WebSocket('wss://elsewhere.example.com/ws'), /nothing leads to wss:\/\/elsewhere/);
  nothing();
  assert.equal(globalThis.WebSocket, undefined);
  const made = [];
  globalThis.WebSocket = class { constructor(url) { made.push(url); } };
  const stub = globalThis.WebSocket;
  const uninstall = router.install();
  assert.equal(globalThis.WebSocket.OPEN, 1);
  const socket = new WebSocket(new URL('https://api.example.com/ws'), 'wamp.2.json');
  socket.binaryType = 'arraybuffer';
  await happened(socket, 'open');
  assert.deepEqual([socket.protocol, socket.readyState], ['wamp.2.json', 1]);
  socket.send(JSON.stringify([1, 'realm1', { roles: { caller: {} } }]));
  assert.equal(JSON.parse((await happened(socket, 'message')).data)[0], 2);
  new WebSocket('wss://elsewhere.example.com/ws');
  assert.deepEqual(made, ['wss://elsewhere.example.com/ws']);
  const client = await connect('wss://api.example.com/ws', { realm: 'realm1' });
  assert.equal(router.sessions.length, 2);
  await client.close();
  uninstall();
  assert.equal(globalThis.WebSocket, stub);
  router.install();
  await router.close();
  assert.equal(globalThis.WebSocket, stub, 'closing uninstalls');
  globalThis.WebSocket = before;
});

test('several routers may be installed, and leave what was there before in whatever order they go', async () => {
  const before = globalThis.WebSocket;
  const made = [];
  const stub = class { constructor(url) { made.push(url); } };
  const reaches = async (router) => {
    const client = await connect(router.url, { realm: 'realm1', reconnect: false });
    assert.deepEqual(router.sessions.map(({ id }) => id), [client.session.id]);
    await client.close();
  };
  for (const order of [[0, 1], [1, 0]]) {
    globalThis.WebSocket = stub;
    const routers = [await createRouter({ url: 'wss://one.example.com/ws' }), await createRouter({ url: 'wss://two.example.com/ws' })];
    const [, undo] = [routers[0].install(), routers[0].install()];
    routers[1].install();
    for (const router of routers) await reaches(router);
    undo();
    await reaches(routers[0]);
    await routers[order[0]].close();
    await reaches(routers[order[1]]);
    new WebSocket(routers[order[0]].url);
    assert.equal(made.pop(), routers[order[0]].url);
    await routers[order[1]].close();
    assert.equal(globalThis.WebSocket, stub);
  }
  globalThis.WebSocket = before;
});

test('times and seeds that are none are refused in words', async (t) => {
  for (const latency of [-1, NaN, Infinity, '5']) {
    assert.match((await rejection(createRouter({ latency }))).message, /latency/, String(latency));
  }
  for (const seed of [-1, NaN, 0.5, 2 ** 53, '5']) assert.match((await rejection(createRouter({ seed }))).message, /seed/, String(seed));
  const router = await createRouter();
  t.after(() => router.close());
  for (const ms of [-1, NaN, Infinity, '5', undefined]) {
    assert.throws(() => (router.latency = ms), /latency/, String(ms));
    assert.match((await rejection(router.advance(ms))).message, /time/, String(ms));
  }
  assert.equal(router.latency, 0);
  await router.publish('com.example.t', 'still alive');
});

test('closing closes the clients of the router, and says goodbye to others', async () => {
  const router = await createRouter();
  const mine = await router.connect();
  const other = new Client(router.url, { realm: 'realm1', webSocket: router.webSocket, reconnect: false });
  await other.ready();
  const lost = happened(other, 'sessionlost');
  router.stall();
  router.latency = 10_000;
  await router.close();
  assert.equal(mine.state, 'closed');
  assert.equal((await lost).cause.uri, 'wamp.close.system_shutdown');
  assert.deepEqual(router.sessions, []);
  assert.match((await rejection(router.connect())).message, /closed/);
  await router.close();
});

test('routers do not hear each other, and a seed makes them alike', async (t) => {
  const routers = await Promise.all([1, 2].map(() => createRouter({ seed: 7 })));
  t.after(() => Promise.all(routers.map((router) => router.close())));
  const [a, b] = await Promise.all(routers.map((router) => router.connect()));
  assert.notEqual(routers[0].url, routers[1].url);
  assert.equal(a.session.id, b.session.id);
  await a.register('com.example.p', () => 1);
  assert.equal((await rejection(b.call('com.example.p'))).uri, 'wamp.error.no_such_procedure');
  if (Symbol.asyncDispose) assert.equal(typeof routers[0][Symbol.asyncDispose], 'function');
});
