// The module under test, twice: `wamplex/autobahn`, and AutobahnJS itself where tests/interop has installed it.
import { createRequire } from 'node:module';
import { after, test } from 'node:test';
import { connect } from 'wamplex';
import { WebSocket } from 'ws';
import { startRouter } from '../router.mjs';

// AutobahnJS expects the WebSocket of browsers and of later Nodes, which throws nothing that nobody listens to. That of
// Node 22 never closes when it cannot connect, for which AutobahnJS waits.
if (!globalThis.WebSocket || globalThis.process?.version.startsWith('v22.')) {
  globalThis.WebSocket = class extends WebSocket {
    constructor(...args) {
      super(...args);
      this.on('error', () => {});
    }
  };
}
// Both print every end of a connection; AutobahnJS binds the function when it is loaded.
console.warn = () => {};

export const { default: ours } = await import('wamplex/autobahn');
export const theirs = installed();
const MODULES = { 'wamplex/autobahn': ours, ...(theirs && { AutobahnJS: theirs }) };

function installed() {
  try {
    return createRequire(new URL('../../../../tests/interop/', import.meta.url))('autobahn');
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    return undefined;
  }
}

let router;

/** One router for all tests of a file; `test.after` of the file stops it. */
export async function sharedRouter() {
  router ??= startRouter();
  return (await router).url;
}

after(async () => (await router)?.stop());

/** Options of connections that tests do not care about. */
const QUIET = { realm: 'realm1', max_retries: 0, on_user_error() {}, on_internal_error() {} };

/** What a test gets: the module, and `open` for connections that are closed in the end. */
export function toolsFor(t, autobahn) {
  const connection = async (options) => {
    const url = options?.url ?? (options?.transports ? undefined : await sharedRouter());
    const made = new autobahn.Connection({ ...QUIET, ...(url && { url }), ...options });
    t.after(() => shut(made));
    return made;
  };
  /** The other side, where it does not matter who that is. */
  const peer = async () => {
    const client = await connect(await sharedRouter(), { realm: 'realm1' });
    t.after(() => client.close());
    return client;
  };
  return { autobahn, t, connection, peer, open: async (options) => opened(await connection(options)) };
}

/** Opens it; resolves to its first session, rejects if there is none. */
export function opened(connection) {
  return new Promise((resolve, reject) => {
    connection.onopen = (session, details) => resolve({ connection, session, details });
    connection.onclose = (reason, details) => reject(Object.assign(new Error(reason), { reason, details }));
    connection.open();
  });
}

/** The next end of the connection. */
export function closed(connection, answer) {
  return new Promise((resolve) => {
    connection.onclose = (reason, details) => {
      resolve({ reason, details });
      return answer;
    };
  });
}

async function shut(connection) {
  // AutobahnJS says that it is retrying long after it has given up.
  if (!connection.isConnected) return connection.isRetrying && connection.close();
  const over = closed(connection, true);
  connection.close();
  await over;
}

/** A test that both modules have to pass. */
export function both(name, run, only = Object.keys(MODULES)) {
  for (const [label, autobahn] of Object.entries(MODULES)) {
    if (only.includes(label)) test(`${label}: ${name}`, { timeout: 120_000 }, (t) => run(toolsFor(t, autobahn)));
  }
}

/** A test of what we do better, or AutobahnJS does not do. */
export function oursOnly(name, run) {
  both(name, run, ['wamplex/autobahn']);
}

/** A promise, and what settles it. */
export function gate() {
  let open;
  const promise = new Promise((resolve) => (open = resolve));
  return { promise, open };
}

/** Waits until everything that was sent to this session before has arrived. */
export const settled = (session) => Promise.resolve(session.call('wamp.session.count')).catch(() => {});

/** What a promise is rejected with. */
export const rejection = (promise) => Promise.resolve(promise).then(
  (value) => { throw new Error(`resolved to ${JSON.stringify(value)}`); },
  (error) => error,
);

/** What a function throws. */
export function thrown(run) {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

/** Calls of these functions of the console meanwhile, the name before the arguments; the second runs to have them back. */
export function captured(t, ...names) {
  const printed = [];
  const before = names.map((name) => [name, console[name]]);
  const restore = () => Object.assign(console, Object.fromEntries(before));
  for (const name of names) console[name] = (...items) => void printed.push([name, ...items]);
  t.after(restore);
  return [printed, restore];
}
