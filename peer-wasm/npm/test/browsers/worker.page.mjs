// Workers that die, and pages that are closed, as only browsers have them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ConnectionLostError, WampError, connect as connectDirectly } from 'wamplex';
import { connect } from 'wamplex/worker';
import { startRouter } from '../router.mjs';
import { rejection } from '../scripted.mjs';

const SCRIPT = '/worker/worker.mjs';
const SOON = { reconnect: { initialDelay: 1, maxDelay: 50 } };

let router;
before(async () => (router = await startRouter()));
after(() => router.stop());

let count = 0;

/** A worker of its own for one test, and what makes another in its place. */
function aWorker(t) {
  const uri = `w${++count}`;
  const name = `${router.url} ${uri}`;
  const made = [];
  const end = () => {
    const channel = new BroadcastChannel(name);
    channel.postMessage('end');
    channel.close();
  };
  t.after(() => {
    end();
    for (const worker of made) worker.terminate?.();
  });
  const make = (kind) => () => {
    const worker = new kind(SCRIPT, { name });
    made.push(worker);
    return worker;
  };
  return { name, uri, made, end, shared: make(SharedWorker), dedicated: make(Worker) };
}

async function connected(t, tab, options = SOON) {
  const client = await connect(tab, options);
  t.after(() => client.close());
  return client;
}

async function aWitness(t) {
  const witness = await connectDirectly(router.url, { realm: 'realm1' });
  t.after(() => witness.close());
  return witness;
}

const next = (target, event) => new Promise((resolve) => target.addEventListener(event, ({ detail }) => resolve(detail), { once: true }));

/** Asks again until it is so. */
async function until(holds) {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
}

for (const kind of ['shared', 'dedicated']) {
  test(`when a ${kind} worker dies, tabs lose their session, and everything comes back with another worker`, async (t) => {
    const worker = aWorker(t);
    const witness = await aWitness(t);
    const tabs = await Promise.all((kind === 'shared' ? [1, 2] : [1]).map(() => connected(t, worker[kind])));
    assert.equal(new Set(tabs.map(({ session }) => session.id)).size, 1);
    const seen = tabs.map(() => []);
    let gaps = 0;
    await Promise.all(tabs.map((tab, i) => tab.subscribe(`${worker.uri}.topic`, ({ data }) => seen[i].push(data), { ongap: () => gaps++ })));
    const registration = await tabs.at(-1).register(`${worker.uri}.add`, ([a, b]) => a + b);
    await witness.register(`${worker.uri}.never`, () => new Promise(() => {}), { invoke: 'roundrobin' });
    const before = tabs[0].session.id;
    for (let round = 0; round < 5; round++) {
      const states = tabs.map(() => []);
      tabs.forEach((tab, i) => tab.addEventListener('statechange', ({ detail }) => states[i].push(detail.state)));
      const pending = tabs.map((tab) => rejection(tab.call(`${worker.uri}.never`)));
      const lost = tabs.map((tab) => next(tab, 'sessionlost'));
      const opened = tabs.map((tab) => next(tab, 'open'));
      await Promise.all(tabs.map((tab) => tab.call('wamp.session.count')));
      worker.end();
      for (const { cause } of await Promise.all(lost)) {
        assert.ok(cause instanceof ConnectionLostError, String(cause));
        assert.match(cause.message, /the worker is gone/);
      }
      for (const error of await Promise.all(pending)) assert.ok(error instanceof ConnectionLostError && error.maybeSent, String(error));
      await Promise.all(opened);
      await until(() => registration.active && gaps === tabs.length * (round + 1));
      for (const list of states) assert.deepEqual(list, ['reconnecting', 'open']);
      await witness.publish(`${worker.uri}.topic`, round, { acknowledge: true });
      await until(() => seen.every((list) => list.length > round));
      assert.equal(await witness.call(`${worker.uri}.add`, [round, 1]), round + 1);
    }
    for (const list of seen) assert.deepEqual(list, [0, 1, 2, 3, 4]);
    assert.notEqual(tabs[0].session.id, before);
    assert.equal(new Set(tabs.map(({ session }) => session.id)).size, 1);
  });

  test(`without reconnecting, a tab of a ${kind} worker that dies is closed, and nothing stays pending`, async (t) => {
    const worker = aWorker(t);
    const tab = await connected(t, worker[kind], { reconnect: false });
    const subscription = await tab.subscribe(`${worker.uri}.topic`, () => {});
    const pending = [tab.call(`${worker.uri}.nobody.answers`).catch(() => tab.call(`${worker.uri}.tabs`))];
    const closed = next(tab, 'close');
    await Promise.all(pending);
    worker.end();
    assert.ok((await closed).cause instanceof ConnectionLostError);
    assert.equal(tab.state, 'closed');
    assert.match((await subscription.closed).reason, /network_failure/);
    assert.ok((await rejection(tab.call('wamp.session.count'))) instanceof ConnectionLostError);
  });
}

test('a tab that was given one worker says that it cannot make another', async (t) => {
  const worker = aWorker(t);
  const tab = await connected(t, worker.shared());
  const closed = next(tab, 'close');
  worker.end();
  const { cause } = await closed;
  assert.ok(WampError.is(cause, 'wamplex.error.unsupported'), String(cause));
  assert.match(cause.message, /^the worker is gone; connect\(\) can go on with another/);
  assert.ok((await rejection(tab.call('wamp.session.count'))) instanceof ConnectionLostError);
});

test('a worker that its page terminates is noticed, too', async (t) => {
  const worker = aWorker(t);
  const tab = await connected(t, worker.dedicated);
  const lost = next(tab, 'sessionlost');
  const opened = next(tab, 'open');
  worker.made[0].terminate();
  assert.match((await lost).cause.message, /the worker is gone/);
  await opened;
  assert.equal(worker.made.length, 2);
});

test('a script that is not there is named', async () => {
  const error = await rejection(connect(new Worker(`/worker/missing.mjs?${++count}`), SOON));
  assert.ok(WampError.is(error, 'wamplex.error.unsupported'), String(error));
  assert.match(error.message, /^the worker has failed: .+; connect\(\) can go on/);
  const again = await rejection(connect(() => new Worker(`/worker/missing.mjs?${++count}`), { reconnect: false }));
  assert.match(again.message, /the worker has failed: /);
});

test('so is that of a shared worker, or at least that there is no answer', async () => {
  for (const make of [() => new SharedWorker(`/worker/missing.mjs?${++count}`), new SharedWorker(`/worker/missing.mjs?${++count}`)]) {
    const error = await rejection(connect(make, { ...SOON, connectTimeout: 1000 }));
    // Chromium says nothing one time in fifty.
    assert.match(error.message, /the worker has failed: .*script|the worker does not answer/);
  }
});

test('a worker that throws is heard, and no worse for it if it has called serve() before', async (t) => {
  const script = (text) => URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
  // Not for whoever runs the tests.
  const worker = () => Object.assign(new Worker(script('throw new Error("of its own")')), { onerror: (event) => event.preventDefault() });
  const throws = worker();
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const failing = rejection(connect(throws));
  // Others listen, too.
  await new Promise((resolve) => throws.addEventListener('error', () => setImmediate(resolve)));
  t.mock.timers.tick(10_000);
  t.mock.timers.reset();
  assert.match((await failing).message, /^the worker has failed: .*of its own/);
  const { name } = aWorker(t);
  const lives = new Worker(script(`importScripts('${new URL(SCRIPT, location.href)}'); throw new Error('of its own')`), { name });
  lives.onerror = (event) => event.preventDefault();
  const tab = await connected(t, lives);
  assert.equal(tab.state, 'open');
  lives.terminate();
});

test('what cannot be made at all is said at once', async () => {
  const error = await rejection(connect(() => new NoSuchWorker(), { connectTimeout: 86_400_000 }));
  assert.ok(WampError.is(error, 'wamplex.error.unsupported'), String(error));
  assert.match(error.message, /the worker cannot be made: ReferenceError/);
});

test('a worker that serves nobody is named', async () => {
  const error = await rejection(connect(() => new SharedWorker('data:text/javascript,'), { connectTimeout: 500 }));
  assert.equal(error.name, 'TimeoutError');
  assert.match(error.message, /has to call serve\(\)/);
});

/** Another page with a tab in it. */
const PAGES = {
  frame(html) {
    const frame = document.createElement('iframe');
    frame.srcdoc = html;
    document.body.append(frame);
    return { close: () => frame.remove() };
  },
  window(html) {
    const opened = open('about:blank');
    if (!opened) return undefined;
    opened.document.write(html);
    opened.document.close();
    return { close: () => opened.close() };
  },
};

for (const [kind, openPage] of Object.entries(PAGES)) {
  test(`when a ${kind} with a tab is closed, what it had ends, and the other tabs hear nothing of it`, async (t) => {
    const worker = aWorker(t);
    const witness = await aWitness(t);
    const stays = await connected(t, worker.shared);
    const seen = [];
    await stays.subscribe(`${worker.uri}.topic`, ({ data }) => seen.push(data));
    await stays.register(`${worker.uri}.theirs`, () => 'here');
    stays.addEventListener('statechange', ({ detail }) => seen.push(detail.state));

    const imports = document.querySelector('script[type=importmap]').textContent;
    const found = new Promise((resolve) => (globalThis.tabIsThere = resolve));
    const page = openPage(`<!doctype html><body><script type="importmap">${imports}</script><script type="module">
      import { connect } from 'wamplex/worker';
      (parent === window ? opener : parent).tabIsThere({ connect, SharedWorker });
    </script>`);
    if (!page) return t.skip('this browser opens no windows');
    const there = await found;
    const goes = await there.connect(() => new there.SharedWorker(new URL(SCRIPT, location.href), { name: worker.name }), SOON);
    await goes.subscribe(`${worker.uri}.topic`, () => {});
    await goes.subscribe(`${worker.uri}.mine`, () => {});
    let called;
    const serving = new Promise((resolve) => (called = resolve));
    await goes.register(`${worker.uri}.mine`, () => {
      called();
      return new Promise(() => {});
    });
    assert.equal(await stays.call(`${worker.uri}.tabs`), 2);
    const failure = rejection(stays.call(`${worker.uri}.mine`));
    await serving;
    page.close();
    const error = await failure;
    assert.ok(WampError.is(error, 'wamp.error.canceled'), String(error));
    await until(async () => (await stays.call(`${worker.uri}.tabs`)) === 1);
    assert.ok(WampError.is(await rejection(witness.call(`${worker.uri}.mine`)), 'wamp.error.no_such_procedure'));
    await until(async () => (await witness.call('wamp.subscription.lookup', [`${worker.uri}.mine`])) === null);
    await witness.publish(`${worker.uri}.topic`, 1, { acknowledge: true });
    await until(() => seen.length > 0);
    assert.deepEqual(seen, [1]);
    assert.equal(await witness.call(`${worker.uri}.theirs`), 'here');
  });
}
