// A router that says what a test tells it to, for what a real one never does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from 'wamplex';
import { WebSocketServer } from 'ws';

/** Where nobody listens: a port that was free a moment ago may be somebody's by now. */
export const NOWHERE = 'ws://127.0.0.1:1/';

/**
 * An address of this machine that no other program has, so that a port can be left and taken again. Only on Linux
 * there are more than one.
 */
const { pid, platform } = globalThis.process ?? {};
export const OWN_HOST = platform === 'linux' ? `127.${1 + ((pid >> 16) % 254)}.${(pid >> 8) & 255}.${1 + (pid % 254)}` : '127.0.0.1';

/**
 * Speaks JSON. `script` gets every message and a function that sends; HELLO and GOODBYE are answered by themselves
 * unless the script returns true for them.
 */
export async function startScripted(script = () => {}, port = 0, host = '127.0.0.1') {
  const server = new WebSocketServer({ host, port, handleProtocols: () => 'wamp.2.json' });
  await new Promise((resolve) => server.once('listening', resolve));
  const received = [];
  let socket;
  const waiting = [];
  const send = (...message) => socket.send(JSON.stringify(message));
  server.on('connection', (connected) => {
    socket = connected;
    connected.on('message', (data) => {
      const message = JSON.parse(String(data));
      received.push(message);
      for (const waiter of waiting.splice(0)) waiter();
      if (router.script(message, send, connected)) return;
      if (message[0] === 1) send(2, 4711, { roles: ROLES, authid: 'a', authrole: 'r', authmethod: 'anonymous' });
      if (message[0] === 6) send(6, {}, 'wamp.close.goodbye_and_out');
    });
  });
  const router = {
    /** May be changed at any time. */
    script,
    url: `ws://${server.address().address}:${server.address().port}/`,
    received,
    send,
    sendRaw: (data) => socket.send(data),
    /** Waits until a message with this code has come, and returns it. */
    async message(code, count = 1) {
      for (;;) {
        const found = received.filter((m) => m[0] === code);
        if (found.length >= count) return found[count - 1];
        await new Promise((resolve) => waiting.push(resolve));
      }
    },
    /** Breaks the connection without a word. */
    drop: () => socket.terminate(),
    stop: () => new Promise((resolve) => {
      for (const client of server.clients) client.terminate();
      server.close(resolve);
    }),
  };
  return router;
}

const ROLES = {
  broker: { features: { publisher_exclusion: true, subscription_revocation: true } },
  dealer: { features: { call_canceling: true, progressive_call_results: true, progressive_call_invocations: true } },
};

/** Runs a test with a scripted router and an open client that does not connect again unless `options` say so. */
export function scripted(name, script, run, options = {}) {
  test(name, async (t) => {
    const router = await startScripted(script);
    t.after(() => router.stop());
    const client = await connect(router.url, { realm: 'realm1', serializers: ['json'], reconnect: false, ...options });
    t.after(() => client.close());
    await run({ router, client });
  });
}

/** The reason of a promise that has to be rejected. */
export const rejection = (promise) => promise.then((value) => assert.fail(`resolved to ${value}`), (error) => error);

/** Registers a handler under the id 6. */
export async function registered(router, client, handler) {
  const registering = client.register('p', handler);
  router.send(65, (await router.message(64))[1], 6);
  return registering;
}

/** The session is alive: a call goes out, and its answer arrives after everything that was sent before. */
export async function stillWorks(router, client) {
  const count = router.received.filter((m) => m[0] === 48).length;
  const answer = client.call('alive');
  const call = await router.message(48, count + 1);
  router.send(50, call[1], {}, ['yes']);
  assert.equal(await answer, 'yes');
}
