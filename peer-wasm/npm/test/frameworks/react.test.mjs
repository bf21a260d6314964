// wamplex/react in React 18 and 19: over a client that does what it is told, where the order matters, and over a router.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from 'wamplex';
import { place, settled, until } from './dom.mjs';
import { FakeClient, event } from './fake-client.mjs';
import { react } from './react-versions.mjs';
import { startRouter } from '../router.mjs';

const failures = [];
process.on('unhandledRejection', (reason) => failures.push(reason));
test.after(() => assert.deepEqual(failures, [], 'rejections that nobody handles'));

for (const version of [18, 19]) {
  const { React, createRoot, hydrateRoot, renderToString, hooks } = await react(version);
  const { createElement: h, StrictMode } = React;
  const { WampProvider, useCall, useCallResult, useEvents, useLatest, useRegistration, useStream, useSubscription } = hooks;

  /** A test that shows components. `show(use, props)` renders what `use(props)` returns, as JSON; each call renders anew. */
  function shown(name, run, { strict = true } = {}) {
    test(`React ${version}: ${name}`, { timeout: 120_000 }, async (t) => {
      const client = new FakeClient();
      const element = place();
      const root = createRoot(element);
      let last;
      const page = {
        element,
        render: (node) => root.render(strict ? h(StrictMode, null, node) : node),
        unmount: () => root.unmount(),
        get last() {
          return last;
        },
        async show(use, props) {
          function Component(given) {
            last = use(given);
            return null;
          }
          page.component ??= Component;
          page.use = use;
          page.render(h(WampProvider, { client }, h(page.component, props)));
          await settled();
          return last;
        },
      };
      t.after(() => root.unmount());
      await run({ client, page, t });
    });
  }

  shown('a component subscribes once, also in strict mode, and unsubscribes when it goes', async ({ client, page }) => {
    const data = [];
    assert.equal((await page.show(() => useSubscription('com.example.a', ({ data: d }) => data.push(d)))).status, 'pending');
    const [asked] = client.asked;
    assert.equal(client.asked.length, 1);
    assert.equal(asked.name, 'com.example.a');
    asked.resolve();
    await settled();
    assert.equal(page.last.status, 'active');
    asked.payload(event(1));
    assert.deepEqual(data, [1]);
    page.unmount();
    await settled();
    assert.equal(asked.aborted(), true);
    assert.equal(client.asked.length, 1);
  });

  shown('another handler is used without subscribing anew, other options or another topic subscribe anew', async ({ client, page }) => {
    const heard = [];
    const use = ({ by, topic = 'com.example.a', match = 'exact' }) => useSubscription(topic, (e) => heard.push([by, e.data]), { match, buffer: { max: 5 } });
    await page.show(use, { by: 'first' });
    client.asked[0].resolve();
    await page.show(use, { by: 'second' });
    assert.equal(client.asked.length, 1);
    client.asked[0].payload(event('x'));
    assert.deepEqual(heard, [['second', 'x']]);
    await page.show(use, { by: 'second', match: 'prefix' });
    assert.deepEqual(client.asked.map((asked) => asked.aborted()), [true, false]);
    assert.deepEqual(client.asked[1].options.match, 'prefix');
    assert.equal(page.last.status, 'pending');
    await page.show(use, { by: 'second', topic: 'com.example.b', match: 'prefix' });
    assert.deepEqual(client.standing.map(({ name }) => name), ['com.example.b']);
    await page.show(use, { by: 'second', topic: null });
    assert.deepEqual([client.standing.length, page.last.status], [0, 'idle']);
  });

  shown('what becomes of a topic that was left while it was pending changes nothing', async ({ client, page }) => {
    const use = ({ topic }) => useSubscription(topic, () => {});
    await page.show(use, { topic: 'com.example.a' });
    await page.show(use, { topic: 'com.example.b' });
    client.asked[0].reject(new Error('too late'));
    client.asked[1].resolve();
    await settled();
    assert.deepEqual(page.last, { status: 'active', error: undefined });
    await page.show(use, { topic: 'com.example.c' });
    page.unmount();
    client.asked[2].resolve();
    await settled();
    assert.equal(client.asked[2].aborted(), true);
  });

  shown('a subscription that is refused, or ends, tells', async ({ client, page }) => {
    const use = ({ topic }) => useSubscription(topic, () => {});
    await page.show(use, { topic: 'com.example.a' });
    const refusal = new Error('not authorized');
    client.asked[0].reject(refusal);
    await settled();
    assert.deepEqual(page.last, { status: 'closed', error: refusal });
    await page.show(use, { topic: 'com.example.b' });
    assert.deepEqual(page.last, { status: 'pending', error: undefined });
    client.asked[1].resolve();
    await settled();
    client.asked[1].close('wamp.close.normal');
    await settled();
    assert.deepEqual(page.last, { status: 'closed', error: undefined });
  });

  shown('gaps are told to the newest listener', async ({ client, page }) => {
    const told = [];
    const use = ({ by }) => useSubscription('com.example.a', () => {}, { ongap: (gap) => told.push([by, gap]) });
    await page.show(use, { by: 1 });
    client.asked[0].resolve();
    await page.show(use, { by: 2 });
    client.asked[0].options.ongap('gap');
    assert.deepEqual([told, client.asked.length], [[[2, 'gap']], 1]);
  });

  shown('useLatest has the last event, useEvents the last ones', async ({ client, page }) => {
    const use = ({ topic = 'com.example.a' }) => [useLatest(topic, { initial: 0, getRetained: true }), useEvents(topic, { limit: 2 })];
    const [latest, events] = await page.show(use, {});
    assert.deepEqual([latest.data, latest.event, events.events], [0, undefined, []]);
    assert.equal(client.asked[0].options.getRetained, true);
    for (const asked of client.asked) asked.resolve();
    for (const data of [1, 2, 3]) for (const asked of client.asked) asked.payload(event(data));
    await settled();
    assert.equal(page.last[0].data, 3);
    assert.deepEqual(page.last[1].events.map(({ data }) => data), [2, 3]);
    for (const asked of client.asked) asked.payload(event(null));
    await settled();
    assert.equal(page.last[0].data, null);
    page.last[1].clear();
    await settled();
    assert.deepEqual(page.last[1].events, []);
    await page.show(use, { topic: 'com.example.b' });
    assert.deepEqual([page.last[0].data, page.last[1].events], [0, []]);
  });

  shown('a procedure is registered once, and served by the newest handler', async ({ client, page }) => {
    const use = ({ n }) => useRegistration('com.example.p', () => n, { invoke: 'roundrobin' });
    await page.show(use, { n: 1 });
    client.asked[0].resolve();
    await page.show(use, { n: 2 });
    assert.deepEqual(client.asked.map(({ what, options }) => [what, options.invoke]), [['register', 'roundrobin']]);
    assert.equal(client.asked[0].payload(), 2);
    assert.equal(page.last.status, 'active');
  });

  shown('of several calls the last one counts, whatever the order of the answers', async ({ client, page }) => {
    const { call } = await page.show(() => useCall('com.example.p', { timeout: 5 }));
    const results = [call(['first']), call(['second'], { timeout: 7 })];
    await settled();
    assert.deepEqual([page.last.pending, page.last.call], [true, call]);
    assert.deepEqual(client.asked.map(({ payload, options }) => [payload, options.timeout]), [[['first'], 5], [['second'], 7]]);
    client.asked[1].resolve('B');
    await settled();
    client.asked[0].resolve('A');
    assert.deepEqual(await Promise.all(results), ['A', 'B']);
    await settled();
    assert.deepEqual([page.last.data, page.last.pending], ['B', false]);
  });

  shown('failures of calls are told, and need not be caught', async ({ client, page }) => {
    const { call, cancel } = await page.show(() => useCall('com.example.p'));
    const failure = new Error('no');
    void call();
    client.asked[0].reject(failure);
    await settled();
    assert.deepEqual([page.last.error, page.last.pending], [failure, false]);
    void call();
    await settled();
    assert.deepEqual([page.last.error, page.last.pending], [undefined, true]);
    cancel('enough');
    await settled();
    assert.deepEqual([page.last.error, page.last.pending, client.asked[1].options.signal.reason], [undefined, false, 'enough']);
    const own = new AbortController();
    const waiting = call([], { signal: own.signal });
    own.abort('mine');
    await assert.rejects(waiting, (reason) => reason === 'mine');
  });

  shown('the end of a component cancels its calls', async ({ client, page }) => {
    const { call } = await page.show(() => useCall('com.example.p'));
    const waiting = call();
    page.unmount();
    await assert.rejects(waiting, { name: 'AbortError' });
    assert.equal(client.asked[0].aborted(), true);
  });

  shown('useCallResult calls once, and again with other arguments', async ({ client, page }) => {
    const use = ({ of = 1, name = 'com.example.p' }) => useCallResult(name, [{ of, bytes: new Uint8Array([1]) }], { kwargs: { a: 1 } });
    assert.deepEqual((await page.show(use, {})).pending, true);
    client.asked[0].resolve('one');
    await settled();
    assert.deepEqual([page.last.data, page.last.pending], ['one', false]);
    await page.show(use, {});
    assert.equal(client.asked.length, 1);
    await page.show(use, { of: 2 });
    assert.deepEqual([page.last.data, page.last.pending], [undefined, true]);
    await page.show(use, { of: 3 });
    client.asked[2].resolve('three');
    client.asked[1].resolve('two');
    await settled();
    assert.deepEqual([page.last.data, client.asked.map((asked) => asked.aborted())], ['three', [false, true, false]]);
    await page.show(use, { name: null });
    assert.deepEqual([page.last.data, page.last.pending, client.asked.length], [undefined, false, 3]);
  });

  shown('useCallResult calls again when told, and after a reconnect if asked', async ({ client, page }) => {
    const use = ({ again }) => useCallResult('com.example.p', [], { initial: 0, refreshOnReconnect: again });
    await page.show(use, { again: true });
    client.setState('open', {});
    await settled();
    assert.equal(client.asked.length, 1, 'it was waiting for the connection');
    client.asked[0].reject(new Error('lost'));
    await settled();
    client.setState('reconnecting');
    client.setState('open', {});
    await settled();
    assert.deepEqual([page.last.data, page.last.error, page.last.pending], [0, undefined, true]);
    client.asked[1].resolve(1);
    await settled();
    void page.last.refresh();
    client.asked[2].reject(new Error('no'));
    await settled();
    assert.deepEqual([page.last.data, page.last.error.message], [1, 'no']);
    await page.show(use, { again: false });
    client.asked[3].resolve(2);
    await settled();
    client.setState('open', {});
    await settled();
    assert.equal(client.asked.length, 4);
  });

  shown('the state of the client is followed', async ({ client, page }) => {
    await page.show(() => [hooks.useConnectionState(), hooks.useSession()?.id]);
    assert.deepEqual(page.last, ['idle', undefined]);
    client.setState('open', { id: 7 });
    await settled();
    assert.deepEqual(page.last, ['open', 7]);
    client.setState('closed');
    await settled();
    assert.deepEqual(page.last, ['closed', undefined]);
  });

  test(`React ${version}: on a server nothing is asked, and what it rendered comes alive in the page`, async (t) => {
    const client = new FakeClient();
    function App() {
      const { status } = useSubscription('com.example.a', () => {});
      const { data } = useLatest('com.example.b', { initial: 'begin' });
      const result = useCallResult('com.example.p', [], { initial: 'none' });
      useRegistration('com.example.q', () => {});
      const state = hooks.useConnectionState();
      return [status, data, result.data, result.pending, state, useCall('com.example.r').pending, hooks.useSession()].join(' ');
    }
    client.state = 'open';
    const app = h(WampProvider, { client }, h(App));
    const html = renderToString(app);
    await settled();
    assert.equal(html, 'pending begin none true idle false ');
    assert.deepEqual(client.asked, []);
    const own = { url: 'ws://127.0.0.1:9/', options: { realm: 'realm1', webSocket: () => assert.fail('connected') } };
    assert.equal(renderToString(h(WampProvider, own, h(App))), html);

    const element = place();
    element.innerHTML = html;
    const errors = [];
    const root = hydrateRoot(element, app, { onRecoverableError: (error) => errors.push(error) });
    t.after(() => root.unmount());
    await settled();
    assert.deepEqual([errors, element.textContent], [[], 'pending begin none true open false ']);
    assert.deepEqual(client.asked.map(({ name }) => name), ['com.example.a', 'com.example.b', 'com.example.p', 'com.example.q']);
  });

  test(`React ${version}: without a provider the error says what to do`, () => {
    const Lost = () => useCall('p').pending;
    assert.throws(() => renderToString(h(Lost)), /put <WampProvider> around/);
  });

  test(`React ${version}: a provider makes one client, also in strict mode, and closes it`, { timeout: 120_000 }, async (t) => {
    const router = await startRouter();
    t.after(() => router.stop());
    const made = [];
    const webSocket = (url, protocols) => made[made.push(new (globalThis.WebSocket ?? Socket)(url, protocols)) - 1];
    const { WebSocket: Socket } = await import('ws');
    const clients = new Set();
    function App() {
      clients.add(hooks.useClient());
      const { data, status } = useLatest('com.example.tick');
      return h('p', null, `${hooks.useConnectionState()} ${status} ${data}`);
    }
    const element = place();
    const root = createRoot(element);
    const show = (realm) => root.render(h(StrictMode, null, h(WampProvider, { url: router.url, options: { realm, webSocket } }, h(App))));
    show('realm1');
    await until(() => element.textContent === 'open active undefined');
    const [client] = [...clients].filter(({ state }) => state === 'open');
    await client.publish('com.example.tick', 5, { excludeMe: false });
    await until(() => element.textContent === 'open active 5');
    show('realm1');
    await settled();
    assert.equal(made.length, 1);
    root.unmount();
    await until(() => client.state === 'closed');
    await until(() => made[0].readyState === 3);
    assert.equal(made.length, 1);
  });

  if (version > 18) {
    test(`React ${version}: a provider that was only hidden comes back with a connection`, { timeout: 120_000 }, async (t) => {
      const router = await startRouter();
      t.after(() => router.stop());
      const App = () => h('p', null, `${hooks.useConnectionState()} ${useSubscription('com.example.a', () => {}).status}`);
      const element = place();
      const root = createRoot(element);
      t.after(() => root.unmount());
      const provider = h(WampProvider, { url: router.url, options: { realm: 'realm1' } }, h(App));
      const show = (mode) => root.render(h(StrictMode, null, h(React.Activity, { mode }, provider)));
      for (let i = 0; i < 3; i++) {
        show('visible');
        await until(() => element.textContent === 'open active');
        show('hidden');
        await until(() => element.textContent === 'idle pending');
      }
    });
  }

  test(`React ${version}: everything at once over a router`, { timeout: 120_000 }, async (t) => {
    const router = await startRouter();
    t.after(() => router.stop());
    const client = new Client(router.url, { realm: 'realm1' });
    t.after(() => client.close());
    let page;
    function App() {
      const registration = useRegistration('com.example.count', async function* ([n]) {
        for (let i = 0; i < n; i++) yield i;
        return 'done';
      });
      page = {
        ready: registration.status === 'active',
        counted: useStream('com.example.count', { limit: 2 }),
        sum: useCallResult(registration.status === 'active' && 'com.example.count', [0]),
        missing: useCall('com.example.missing'),
      };
      return null;
    }
    const root = createRoot(place());
    t.after(() => root.unmount());
    root.render(h(StrictMode, null, h(WampProvider, { client }, h(App))));
    await until(() => page?.sum.data === 'done');
    assert.equal(await page.counted.call([4]), 'done');
    await until(() => !page.counted.pending);
    assert.deepEqual([page.counted.progress, page.counted.data], [[2, 3], 'done']);
    await assert.rejects(page.missing.call(), { uri: 'wamp.error.no_such_procedure' });
    await until(() => page.missing.error?.uri === 'wamp.error.no_such_procedure');
  });
}
