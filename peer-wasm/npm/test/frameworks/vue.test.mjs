// wamplex/vue: over a client that does what it is told, where the order matters, and over a router.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from 'wamplex';
import { WebSocket } from 'ws';
import { place, settled, until } from './dom.mjs';
import { FakeClient, event } from './fake-client.mjs';
import { startRouter } from '../router.mjs';

// After the page is there: Vue looks for it when it is loaded.
const { createApp, createSSRApp, effectScope, h, nextTick, reactive, ref, unref } = await import('vue');
const { renderToString } = await import('vue/server-renderer');
const wamp = await import('wamplex/vue');
const { createWamp, provideClient, useCall, useCallResult, useClient, useConnectionState, useEvents, useLatest, useRegistration, useSession, useStream, useSubscription } = wamp;

const failures = [];
process.on('unhandledRejection', (reason) => failures.push(reason));
test.after(() => assert.deepEqual(failures, [], 'rejections that nobody handles'));

/** A test in whose component `setup` runs: `run` gets what it returned. */
function shown(name, setup, run, client = () => new FakeClient()) {
  test(name, { timeout: 120_000 }, async (t) => {
    const given = await client(t);
    let used;
    const app = createApp({
      setup() {
        used = setup();
        return () => h('p');
      },
    });
    app.use(createWamp({ client: given })).mount(place());
    let mounted = true;
    const unmount = () => mounted && (mounted = false, app.unmount());
    t.after(unmount);
    await settled();
    await run({ client: given, used, unmount });
  });
}

/** What references hold. */
const values = (refs, ...names) => names.map((name) => unref(refs[name]));

const topic = ref('com.example.a');
const heard = [];
shown('a component subscribes once, anew with other options or another topic, and ends with the component', () => {
  const options = reactive({ match: 'exact', buffer: { max: 5 } });
  return { options, ...useSubscription(topic, ({ data }) => heard.push(data), options) };
}, async ({ client, used, unmount }) => {
  assert.deepEqual([used.status.value, client.asked.length], ['pending', 1]);
  client.asked[0].resolve();
  await settled();
  assert.equal(used.status.value, 'active');
  client.asked[0].payload(event(1));
  assert.deepEqual(heard, [1]);
  used.options.buffer = { max: 5 };
  await settled();
  assert.equal(client.asked.length, 1, 'the same value');
  used.options.buffer.max = 6;
  await settled();
  assert.deepEqual(client.asked.map((asked) => [asked.aborted(), asked.options.buffer.max]), [[true, 5], [false, 6]]);
  topic.value = 'com.example.b';
  topic.value = 'com.example.c';
  await settled();
  assert.deepEqual(client.standing.map(({ name }) => name), ['com.example.c']);
  client.asked[1].reject(new Error('too late'));
  await settled();
  assert.deepEqual(values(used, 'status', 'error'), ['pending', undefined]);
  topic.value = null;
  await settled();
  assert.deepEqual([used.status.value, client.standing], ['idle', []]);
  topic.value = 'com.example.d';
  await settled();
  unmount();
  client.asked.at(-1).resolve();
  await settled();
  assert.deepEqual([client.asked.length, client.standing], [4, []]);
  topic.value = 'com.example.e';
  await settled();
  assert.equal(client.asked.length, 4);
});

shown('a subscription that is refused, or ends, tells', () => [useSubscription('com.example.a', () => {}), useSubscription('com.example.b', () => {})],
  async ({ client, used }) => {
    const refusal = new Error('not authorized');
    client.asked[0].reject(refusal);
    client.asked[1].resolve();
    await settled();
    assert.deepEqual(values(used[0], 'status', 'error'), ['closed', refusal]);
    client.asked[1].close('wamp.close.normal');
    await settled();
    assert.deepEqual(values(used[1], 'status', 'error'), ['closed', undefined]);
  });

const gaps = [];
shown('useLatest has the last event, useEvents the last ones', () => ({
  latest: useLatest('com.example.a', { initial: 0, getRetained: true, ongap: (gap) => gaps.push(gap) }),
  events: useEvents('com.example.a', () => ({ limit: 2 })),
}), async ({ client, used: { latest, events } }) => {
  assert.deepEqual([latest.data.value, latest.event.value, events.events.value], [0, undefined, []]);
  assert.equal(client.asked[0].options.getRetained, true);
  for (const asked of client.asked) asked.resolve();
  for (const data of [1, 2, null]) for (const asked of client.asked) asked.payload(event(data));
  assert.deepEqual([latest.data.value, latest.event.value.data], [null, null]);
  assert.deepEqual(events.events.value.map(({ data }) => data), [2, null]);
  events.clear();
  assert.deepEqual(events.events.value, []);
  await settled();
  client.asked[0].options.ongap('gap');
  assert.deepEqual(gaps, ['gap']);
});

shown('of several calls the last one counts, and the end of the component cancels them', () => useCall('com.example.p', { timeout: 5 }),
  async ({ client, used, unmount }) => {
    const results = [used.call(['first']), used.call(['second'])];
    assert.deepEqual(values(used, 'pending'), [true]);
    client.asked[1].resolve('B');
    await settled();
    client.asked[0].resolve('A');
    assert.deepEqual(await Promise.all(results), ['A', 'B']);
    assert.deepEqual(values(used, 'data', 'pending'), ['B', false]);
    void used.call();
    client.asked[2].reject(new Error('no'));
    await settled();
    assert.deepEqual([used.error.value.message, used.pending.value], ['no', false]);
    void used.call();
    used.cancel();
    await settled();
    assert.deepEqual(values(used, 'error', 'pending'), [undefined, false]);
    const waiting = used.call();
    unmount();
    await assert.rejects(waiting, { name: 'AbortError' });
  });

const id = ref(1);
shown('useCallResult calls again with other arguments, when told, and after a reconnect', () =>
  useCallResult('com.example.p', () => [{ of: id.value }], { initial: 0, refreshOnReconnect: true }),
async ({ client, used }) => {
  assert.deepEqual(values(used, 'data', 'pending'), [0, true]);
  client.asked[0].resolve('one');
  await settled();
  assert.deepEqual(values(used, 'data', 'pending'), ['one', false]);
  id.value = 2;
  await nextTick();
  assert.deepEqual(values(used, 'data', 'pending'), [0, true]);
  id.value = 3;
  await settled();
  client.asked.at(-1).resolve('three');
  await settled();
  assert.deepEqual([used.data.value, client.asked.at(-1).payload], ['three', [{ of: 3 }]]);
  const before = client.asked.length;
  client.setState('open', {});
  void used.refresh();
  await settled();
  assert.deepEqual([client.asked.length, client.standing.at(-1)], [before + 2, client.asked.at(-1)]);
  assert.equal(used.data.value, 'three');
});

shown('arguments may be references', () => useCallResult('com.example.p', [id, 'x']), async ({ client }) => {
  id.value = 4;
  await settled();
  assert.deepEqual(client.asked.map(({ payload }) => payload), [[3, 'x'], [4, 'x']]);
});

shown('the state of the client is followed', () => [useConnectionState(), useSession()], async ({ client, used, unmount }) => {
  const now = () => [used[0].value, used[1].value?.id];
  assert.deepEqual(now(), ['idle', undefined]);
  client.setState('open', { id: 7 });
  assert.deepEqual(now(), ['open', 7]);
  unmount();
  client.setState('closed');
  assert.deepEqual(now(), ['open', 7]);
});

test('a component that provides a client has it itself, and those inside have it, too', async (t) => {
  const [outer, inner] = [new FakeClient(), new FakeClient()];
  const found = [];
  const Inside = { setup: () => (found.push(useClient()), () => null) };
  const app = createApp({
    setup() {
      found.push(useClient());
      provideClient(inner);
      found.push(useClient());
      return () => h(Inside);
    },
  });
  app.use(createWamp({ client: outer })).mount(place());
  t.after(() => app.unmount());
  assert.deepEqual(found, [outer, inner, inner]);
  assert.throws(() => useClient(), /createWamp\({ client }\)/);
});

test('a scope outside components ends what was begun in it', async () => {
  const client = new FakeClient();
  const app = createApp({}).use(createWamp({ client }));
  const scope = effectScope();
  app.runWithContext(() => scope.run(() => useSubscription('com.example.a', () => {})));
  await settled();
  assert.equal(client.standing.length, 1);
  scope.stop();
  assert.equal(client.standing.length, 0);
});

test('on a server nothing is asked, and what it rendered comes alive in the page', async (t) => {
  const client = new FakeClient();
  const App = {
    setup() {
      const { status } = useSubscription('com.example.a', () => {});
      const { data } = useLatest('com.example.b', { initial: 'begin' });
      const result = useCallResult('com.example.p', [], { initial: 'none' });
      useRegistration('com.example.q', () => {});
      const state = useConnectionState();
      return () => h('p', [status.value, data.value, result.data.value, result.pending.value, state.value].join(' '));
    },
  };
  const html = await renderToString(createSSRApp(App).use(createWamp({ client })));
  await settled();
  assert.equal(html, '<p>pending begin none true idle</p>');
  assert.deepEqual(client.asked, []);
  const element = place();
  element.innerHTML = html;
  const app = createSSRApp(App).use(createWamp({ client }));
  app.mount(element);
  t.after(() => app.unmount());
  await settled();
  assert.deepEqual(client.asked.map(({ name }) => name), ['com.example.a', 'com.example.b', 'com.example.p', 'com.example.q']);
});

const overRouter = (options) => async (t) => {
  const router = await startRouter();
  const client = new Client(router.url, { realm: 'realm1', ...options });
  t.after(async () => {
    await client.close();
    await router.stop();
  });
  return client;
};

const procedure = ref(null);
const registered = ref(false);
shown('a procedure that goes and comes back before the router has answered is registered', () => useRegistration(procedure, () => 1),
  async ({ client, used }) => {
    const sent = new Promise((resolve) => client.addEventListener('trace', ({ detail }) => detail.message[0] === 64 && resolve()));
    procedure.value = 'com.example.p';
    await sent;
    for (const name of [null, 'com.example.p']) {
      procedure.value = name;
      await nextTick();
    }
    await until(() => used.status.value === 'active');
    assert.equal(await client.call('com.example.p'), 1);
  }, overRouter());

shown('a procedure that somebody else has is refused', () => [1, 2].map(() => useRegistration('com.example.p', () => 1)), async ({ used }) => {
  await until(() => used[1].status.value === 'closed');
  assert.equal(used[1].error.value.uri, 'wamp.error.procedure_already_exists');
  assert.equal(used[0].status.value, 'active');
}, overRouter());

const sockets = [];
const missed = [];
const many = [];
shown('what was lost with a session comes back with the next', () => ({
  state: useConnectionState(),
  held: useSubscription('com.example.a', ({ data }) => many.push(data), { ongap: (gap) => missed.push(gap) }),
  registered: useRegistration('com.example.p', () => sockets.length),
  result: useCallResult(() => registered.value && 'com.example.p', [], { refreshOnReconnect: true }),
}), async ({ client, used }) => {
  await until(() => used.registered.status.value === 'active');
  registered.value = true;
  await until(() => used.result.data.value === 1);
  for (let turn = 2; turn < 5; turn++) {
    sockets.at(-1).close();
    await until(() => used.state.value === 'reconnecting');
    await until(() => used.result.data.value === turn && missed.length === turn - 1);
    await client.publish('com.example.a', turn, { excludeMe: false });
    await until(() => many.includes(turn));
    assert.deepEqual([used.held.status.value, used.registered.status.value, used.result.error.value], ['active', 'active', undefined]);
  }
  assert.deepEqual([many, sockets.length], [[2, 3, 4], 4]);
}, overRouter({ reconnect: { initialDelay: 1 }, webSocket: (...args) => sockets[sockets.push(new WebSocket(...args)) - 1] }));

shown('everything at once over a router', () => {
  const registration = useRegistration('com.example.count', async function* ([n]) {
    for (let i = 0; i < n; i++) yield i;
    return 'done';
  });
  return {
    counted: useStream('com.example.count', { limit: 2 }),
    sum: useCallResult(() => registration.status.value === 'active' && 'com.example.count', [0]),
    missing: useCall('com.example.missing'),
    tick: useLatest('com.example.tick'),
  };
}, async ({ client, used }) => {
  await until(() => used.sum.data.value === 'done');
  assert.equal(await used.counted.call([4]), 'done');
  assert.deepEqual(values(used.counted, 'progress', 'data', 'pending'), [[2, 3], 'done', false]);
  await assert.rejects(used.missing.call(), { uri: 'wamp.error.no_such_procedure' });
  assert.equal(used.missing.error.value.uri, 'wamp.error.no_such_procedure');
  await client.publish('com.example.tick', [{ a: 1 }], { excludeMe: false });
  await until(() => used.tick.data.value);
  assert.deepEqual(used.tick.data.value, [{ a: 1 }]);
}, overRouter());
