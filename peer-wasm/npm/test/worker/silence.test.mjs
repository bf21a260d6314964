// Tabs and workers without locks, as on pages that are not secure: what they cannot hear of they notice by the silence.
import assert from 'node:assert/strict';
import { before, mock, test } from 'node:test';
import { ConnectionLostError } from 'wamplex';
import { connect, serve } from 'wamplex/worker';
import { rejection, startScripted } from '../scripted.mjs';

/** How often the worker asks. */
const ROUND = 10_000;

// Node has some as of version 24.
before(() => globalThis.navigator?.locks && Object.defineProperty(navigator, 'locks', { value: undefined }));

/** Two ports without an event `close`; what is sent arrives in the next turn, unless the other side sleeps. */
function channel() {
  const ports = [0, 1].map(() => Object.assign(new EventTarget(), { queue: [], sent: 0, asleep: false }));
  ports.forEach((port, i) => {
    const other = ports[1 - i];
    port.postMessage = (note) => {
      port.sent++;
      other.queue.push(structuredClone(note));
      setImmediate(other.deliver);
    };
    port.deliver = () => {
      while (!port.asleep && port.queue.length > 0) port.dispatchEvent(new MessageEvent('message', { data: port.queue.shift() }));
    };
    port.wake = () => {
      port.asleep = false;
      port.deliver();
    };
  });
  return ports;
}

/** As many turns as a question and its answer take. */
async function turns() {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}

async function rounds(count) {
  for (let i = 0; i < count; i++) {
    mock.timers.tick(ROUND);
    await turns();
  }
}

const next = (target, event) => new Promise((resolve) => target.addEventListener(event, ({ detail }) => resolve(detail), { once: true }));

/** A tab that has subscribed. */
async function sharing(t) {
  const router = await startScripted();
  const share = serve(router.url, { realm: 'realm1', serializers: ['json'], reconnect: false, heartbeat: false });
  await share.client.connect();
  const [inTab, inWorker] = channel();
  share.attach(inWorker);
  mock.timers.enable({ apis: ['setInterval'] });
  const tab = await connect(inTab, { reconnect: { initialDelay: 0 } });
  t.after(async () => {
    await tab.close();
    mock.timers.reset();
    await share.close();
    await router.stop();
  });
  const gaps = [];
  const subscribing = tab.subscribe('t', () => {}, { ongap: (gap) => gaps.push(gap) });
  router.send(33, (await router.message(32))[1], 5);
  await subscribing;
  return { router, share, tab, inTab, inWorker, gaps };
}

for (const [who, why] of [['inTab', /the worker does not answer/], ['inWorker', /the tab has not answered/]]) {
  test(`${who === 'inTab' ? 'a worker' : 'a tab'} that is silent is given up, and taken back when it speaks again`, async (t) => {
    const { router, share, tab, gaps, [who]: deaf } = await sharing(t);
    const lost = next(tab, 'sessionlost');
    const opened = next(tab, 'open');
    const pending = rejection(tab.call('p'));
    await router.message(48);
    await turns();
    deaf.asleep = true;
    await rounds(3);
    const { cause } = await lost;
    assert.ok(cause instanceof ConnectionLostError, String(cause));
    assert.match(cause.message, why);
    const error = await pending;
    assert.ok(error instanceof ConnectionLostError && error.maybeSent, String(error));
    assert.equal(tab.state, 'reconnecting');
    assert.equal((await router.message(34))[2], 5);
    assert.equal((await router.message(49))[1], (await router.message(48))[1]);
    deaf.wake();
    await opened;
    router.send(33, (await router.message(32, 2))[1], 6);
    while (gaps.length === 0) await turns();
    assert.equal(share.tabs, 1);
  });
}

test('sides that answer are not given up, however long nothing else is said, and what sleeps may oversleep', async (t) => {
  const { tab, share, inTab, inWorker } = await sharing(t);
  const states = [];
  tab.addEventListener('statechange', ({ detail }) => states.push(detail.state));
  await rounds(50);
  for (const sleeper of [inTab, inWorker]) {
    sleeper.asleep = true;
    await rounds(2);
    sleeper.wake();
    await turns();
  }
  await rounds(3);
  assert.deepEqual([states, tab.state, share.tabs], [[], 'open', 1]);
});

test('a tab that has left is not asked any more', async (t) => {
  const { router, tab, share, inTab, inWorker } = await sharing(t);
  await tab.close();
  await router.message(34);
  await turns();
  const sent = [inTab.sent, inWorker.sent];
  await rounds(5);
  assert.deepEqual([share.tabs, inTab.sent, inWorker.sent], [0, ...sent]);
});
