// Clients under a network that fails all the time: nothing is left pending, lost without a word, or delivered twice.
// CHAOS_FAULTS and CHAOS_SEED set how often and which; a failure prints the seed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ConnectionLostError, WampError, connect } from 'wamplex';
import { WebSocket } from 'ws';
import { FAULT_NAMES, startProxy } from './proxy.mjs';
import { startRouter } from './router.mjs';

const FAULTS = Number(process.env.CHAOS_FAULTS ?? 500);
const SEED = Number(process.env.CHAOS_SEED ?? Date.now() % 1e9);

test(`chaos: ${FAULTS} faults, seed ${SEED}`, { timeout: 900_000 }, async (t) => {
  const random = generator(SEED);
  const router = await startRouter();
  const proxy = await startProxy(router.url);
  t.after(() => Promise.all([proxy.stop(), router.stop()]));
  const options = {
    realm: 'realm1', reconnect: { initialDelay: 2, maxDelay: 20 }, heartbeat: { interval: 20, timeout: 150 }, connectTimeout: 1000,
  };
  const witness = await connect(router.url, { realm: 'realm1' });
  const serializers = ['cbor', 'msgpack', 'json'];
  const clients = await Promise.all([undefined, alone].flatMap((webSocket) =>
    serializers.map((name) => connect(proxy.url, { ...options, serializers: [name], ...(webSocket && { webSocket }) }))));
  t.after(() => Promise.all([...clients, witness].map((client) => client.close())));
  const work = new Workload(witness, clients);
  await work.begin();
  const memory = [];
  // On a busy machine many faults come before there is a session to be lost.
  for (let faults = 0; faults < FAULTS || work.losses <= FAULTS / 5; faults++) {
    await work.step(random);
    while (!clients.some(({ state }) => state === 'open') || proxy.connections.length === 0) await pause(2);
    proxy.fail(pick(random, proxy.connections), pick(random, FAULT_NAMES));
    if (random() < 0.7) await pause(random() * 60);
    if (faults % Math.ceil(FAULTS / 10) === 0) memory.push(await heap());
  }
  await work.end();
  assert.deepEqual(work.faults, []);
  const { losses, gaps, counts } = work;
  t.diagnostic(JSON.stringify({ losses, gaps, ...counts, memory }));
  assert.ok(gaps > 0 && counts.answered > 0 && counts.lost > 0, 'the network was too kind');
  // The first of them were taken while everything warmed up.
  const [early, late] = [Math.max(...memory.slice(2, 5)), Math.min(...memory.slice(-3))];
  if (early) assert.ok(late < early * 1.25 + 2, `memory grows: ${memory} MiB`);
});

/** A socket without batches. */
const alone = (url, protocols) => new WebSocket(url, protocols.filter((name) => !name.endsWith('.batched')));

/** What goes on all the time, and what must be true of it. */
class Workload {
  faults = [];
  losses = 0;
  gaps = 0;
  counts = { answered: 0, lost: 0, events: 0, progress: 0 };
  #pending = new Set();
  #sequence = 0;
  #seen = new Map();
  #published = new Set();
  #acknowledged = new Set();

  constructor(witness, clients) {
    this.witness = witness;
    this.clients = clients;
  }

  async begin() {
    await this.witness.register('chaos.witness', ([n]) => n);
    await this.witness.register('chaos.count', async function* ([n]) {
      for (let i = 0; i < n; i++) yield i;
      return n;
    });
    await this.witness.register('chaos.sum', async ([sum], { input }) => {
      for await (const { args } of input) sum += args[0];
      return sum;
    });
    await this.witness.subscribe('chaos.other', ({ data }) => {
      if (this.#published.has(data)) this.faults.push(`publication ${data} twice`);
      this.#published.add(data);
    });
    await Promise.all(this.clients.map((client, index) => this.#settle(client, index)));
  }

  async #settle(client, index) {
    client.addEventListener('sessionlost', () => this.losses++);
    client.addEventListener('error', ({ detail }) => this.faults.push(`${detail.where}: ${detail.error}`));
    client.addEventListener('close', ({ detail }) => detail.cause && this.faults.push(`closed: ${detail.cause}`));
    for (const match of ['exact', 'prefix']) {
      const subscription = await client.subscribe(match === 'exact' ? 'chaos.tick' : 'chaos.', (event) => this.#event(client, index + match, event), { match });
      subscription.ongap = () => this.gaps++;
    }
    await client.register(`chaos.echo.${index}`, ([value]) => value);
  }

  /** Within a session events come in order, and each of them once. */
  #event(client, who, { topic, data }) {
    if (topic !== 'chaos.tick') return;
    this.counts.events++;
    const session = client.session?.id;
    const last = this.#seen.get(who);
    if (last && last.session === session && session !== undefined && last.data >= data) this.faults.push(`${who}: ${data} after ${last.data}`);
    this.#seen.set(who, { session, data });
  }

  /** A little of everything, and no waiting for it. */
  async step(random) {
    const client = pick(random, this.clients);
    const n = Math.floor(random() * 1e6);
    this.witness.publish('chaos.tick', ++this.#sequence).catch(() => {});
    this.#watch(client.call('chaos.witness', [n]), n);
    this.#watch(client.call(`chaos.echo.${Math.floor(random() * this.clients.length)}`, [n], { timeout: 5000 }), n);
    this.#watch(this.witness.call(`chaos.echo.${Math.floor(random() * this.clients.length)}`, [n]), n);
    this.#watch(client.call('chaos.witness', [n], { idempotent: true }).catch((error) => this.faults.push(`idempotent: ${error}`) && n), n);
    const other = ++this.#sequence;
    this.#watch(client.publish('chaos.other', other, { acknowledge: true }).then(() => this.#acknowledged.add(other) && n), n);
    this.#watch(client.stream('chaos.sum', [1], { input: counted(4) }).result, 7);
    this.witness.publish('chaos.brief', n).catch(() => {});
    this.#watch(this.#subscribed(client, random() * 20).then(() => n), n);
    this.#watch(this.#served(client, `chaos.brief.${other}`, n), n);
    this.#watch(this.#progress(client, 5), 5);
    const aborted = AbortSignal.timeout(Math.floor(random() * 20));
    this.#watch(client.call('chaos.witness', [n], { signal: aborted }), n);
  }

  /** Subscribed for a moment, or given up before. */
  async #subscribed(client, moment) {
    const signal = moment < 5 ? AbortSignal.timeout(Math.floor(moment)) : undefined;
    let over = false;
    const subscription = await client.subscribe('chaos.brief', () => over && this.faults.push('an event after the end'), { signal });
    await pause(moment);
    over = true;
    await subscription.unsubscribe();
  }

  /** Registered for one call. */
  async #served(client, procedure, n) {
    const registration = await client.register(procedure, ([value]) => value);
    const answer = await this.witness.call(procedure, [n], { timeout: 5000 }).catch((error) => error);
    await registration.unregister();
    if (answer !== n && !isExpected(answer)) throw answer;
    return n;
  }

  async #progress(client, count) {
    const stream = client.stream('chaos.count', [count]);
    let expected = 0;
    for await (const value of stream) {
      this.counts.progress++;
      if (value !== expected++) this.faults.push(`progress ${value} instead of ${expected - 1}`);
    }
    return stream.result;
  }

  #watch(promise, expected) {
    const watched = promise.then(
      (value) => {
        this.counts.answered++;
        if (value !== expected) this.faults.push(`${value} instead of ${expected}`);
      },
      (error) => {
        this.counts.lost++;
        if (!isExpected(error)) this.faults.push(String(error));
      },
    );
    this.#pending.add(watched);
    void watched.then(() => this.#pending.delete(watched));
  }

  /** The network is well again: everything settles, and everything is back. */
  async end() {
    await Promise.all(this.#pending);
    for (const [index, client] of this.clients.entries()) {
      await client.ready();
      // The router may still believe in a session that is gone, and give the procedure back when it notices.
      for (;;) {
        const answer = await this.witness.call(`chaos.echo.${index}`, ['back'], { timeout: 20_000 }).catch((error) => error);
        if (answer === 'back') break;
        assert.ok(isExpected(answer), String(answer));
        await pause(10);
      }
    }
    const target = this.#sequence + 1;
    const back = () => [...this.#seen.values()].filter(({ data }) => data >= target).length;
    while (back() < 2 * this.clients.length) {
      await this.witness.publish('chaos.tick', ++this.#sequence, { acknowledge: true });
      await pause(5);
    }
    for (const other of this.#acknowledged) if (!this.#published.has(other)) this.faults.push(`publication ${other} is lost`);
    while (await this.witness.call('wamp.subscription.lookup', ['chaos.brief'])) await pause(5);
    await Promise.all(this.clients.map((client, n) => this.#drained(client, n)));
  }

  /** Whoever closes in peace loses nothing. */
  async #drained(client, n) {
    let lost = false;
    client.addEventListener('sessionlost', () => (lost = true));
    const results = [client.call('chaos.witness', [n]), client.stream('chaos.sum', [n], { input: counted(4) }).result, this.#progress(client, 5)];
    const outcomes = Promise.all(results.map((result) => result.catch((error) => error)));
    await client.close({ drain: true });
    for (const [i, wanted] of [n, n + 6, 5].entries()) {
      const outcome = (await outcomes)[i];
      // There is no peace while the machine stands still for longer than the heartbeat waits.
      assert.ok(outcome === wanted || (lost && isExpected(outcome)), `${outcome} instead of ${wanted}`);
    }
  }
}

/** Arguments in pieces, whose sum is 6 if there are 4. */
async function* counted(count) {
  for (let i = 0; i < count; i++) {
    yield [i];
    await pause(1);
  }
}

function isExpected(error) {
  return error instanceof ConnectionLostError || error?.name === 'TimeoutError' ||
    ['wamp.error.no_such_procedure', 'wamp.error.canceled', 'wamp.error.timeout', 'wamp.error.network_failure', 'wamp.error.no_available_callee', 'wamp.error.unavailable']
      .some((uri) => WampError.is(error, uri));
}

/** MiB in use after a collection; nothing where collections cannot be asked for. */
async function heap() {
  if (!globalThis.gc) return 0;
  await pause(1);
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return Math.round((heapUsed + external) / 2 ** 20 * 10) / 10;
}

/** Mulberry32. */
function generator(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const pick = (random, list) => list[Math.floor(random() * list.length)];
