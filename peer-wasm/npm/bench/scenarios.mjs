// What is measured end to end. Every client meets itself: one connection asks or publishes, another one serves or
// listens, both in one process, so that a message costs its sender and its receiver. Only progressive results come from
// our client for all: the router asks for none of a callee that cannot be interrupted, as those of the others.
import { records, small } from './payloads.mjs';

/** By name: what is counted, and a function that sets up both connections and gives one step, which says how many there were. */
export const SCENARIOS = {
  'calls, 64 in flight': { counts: 'calls', prepare: (near, far) => calls(near, far, 64) },
  'calls, 256 in flight': { counts: 'calls', prepare: (near, far) => calls(near, far, 256) },
  'calls, one after the other': { counts: 'calls', prepare: (near, far) => calls(near, far, 1) },
  'events': { counts: 'events', prepare: (near, far) => near.publish && events(near, far, small, 256) },
  'events, acknowledged': { counts: 'events', prepare: (near, far) => acknowledged(near, far, 64) },
  'events of 10 KB': { counts: 'events', prepare: (near, far) => near.publish && events(near, far, records, 32) },
  'progressive results': { counts: 'results', prepare: (near, _, ours) => progress(near, ours, 256) },
};

/** Runs steps of a scenario for `milliseconds`, and says how many messages there were in how many of them. */
export async function measure(step, milliseconds) {
  const began = performance.now();
  let count = 0;
  let passed = 0;
  do {
    count += await step();
    passed = performance.now() - began;
  } while (passed < milliseconds);
  return { count, milliseconds: passed };
}

let names = 0;
const name = (kind) => `com.example.${kind}${++names}.${Math.random().toString(36).slice(2)}`;

async function calls(near, far, inFlight) {
  const procedure = name('echo');
  await far.register(procedure, ([value]) => value);
  return async () => {
    const each = inFlight === 1 ? 1 : 16;
    await Promise.all(Array.from({ length: inFlight }, async () => {
      for (let i = 0; i < each; i++) {
        const result = await near.call(procedure, [small]);
        if (result.sensor !== small.sensor) throw new Error('not what was sent');
      }
    }));
    return inFlight * each;
  };
}

async function events(near, far, value, window) {
  const topic = name('topic');
  let left = 0;
  let done;
  await far.subscribe(topic, (received) => {
    if (received.length !== value.length) throw new Error('not what was sent');
    if (--left === 0) done();
  });
  return async () => {
    left = window;
    const all = new Promise((resolve) => { done = resolve; });
    for (let i = 0; i < window; i++) near.publish(topic, value);
    await all;
    return window;
  };
}

async function acknowledged(near, far, inFlight) {
  const topic = name('topic');
  let left = 0;
  let done;
  await far.subscribe(topic, () => { if (--left === 0) done(); });
  return async () => {
    const each = 16;
    left = inFlight * each;
    const all = new Promise((resolve) => { done = resolve; });
    await Promise.all(Array.from({ length: inFlight }, async () => {
      for (let i = 0; i < each; i++) await near.publishAcknowledged(topic, small);
    }));
    await all;
    return inFlight * each;
  };
}

async function progress(near, ours, count) {
  const procedure = name('progress');
  await ours.registerProgressive(procedure);
  return async () => {
    let received = 0;
    await near.callProgressive(procedure, [count, small], () => { received++; });
    if (received !== count) throw new Error(`${received} of ${count} progressive results`);
    return count;
  };
}
