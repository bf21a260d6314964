// As much of node:test as the tests use: they run one after another, each with what it left to be cleaned up.
import { process, setImmediate } from './globals.mjs';
import { MockTimers } from './mock-timers.mjs';

/** What has happened so far, in order: { name, outcome: 'passed' | 'failed' | 'skipped', reason }. */
const outcomes = [];
const root = suite('');
let current = root;
let skipped = {};

function suite(name, outer) {
  return { name, outer, steps: [], before: [], after: [], beforeEach: [], afterEach: [] };
}

export function test(name, ...rest) {
  const [options, run] = rest.length > 1 ? rest : [{}, rest[0]];
  current.steps.push({ name, options, run });
  return Promise.resolve();
}

test.skip = (name, ...rest) => test(name, { skip: true }, rest.at(-1));

export function describe(name, ...rest) {
  const inner = suite(name, current);
  current.steps.push({ name, inner });
  current = inner;
  rest.at(-1)();
  current = inner.outer;
}

export const it = test;
export const mock = { timers: new MockTimers() };
export default test;

export const before = (run) => void current.before.push(run);
export const after = (run) => void current.after.push(run);
export const beforeEach = (run) => void current.beforeEach.push(run);
export const afterEach = (run) => void current.afterEach.push(run);

Object.assign(test, { test, describe, it, before, after, beforeEach, afterEach, mock });

/** Runs everything that the file has asked for, but what has a reason not to. */
export async function finish(reasons) {
  skipped = reasons;
  await runSuite(root, '');
  return outcomes;
}

/** What nobody has caught: told to those who listen, of which the first is whoever runs the tests. */
export function uncaught(event, error) {
  for (const listener of process.listeners(event)) listener(error);
}

for (const event of ['uncaughtException', 'unhandledRejection']) {
  process.on(event, (error) => {
    outcomes.push({ name: running ? `${running}: ${event}` : event, outcome: 'failed', reason: described(error) });
  });
}

let running;

async function runSuite(one, prefix) {
  await hooks(one, 'before', prefix);
  for (const step of one.steps) {
    const name = `${prefix}${step.name}`;
    if (step.inner) await runSuite(step.inner, `${name} › `);
    else await runTest(one, name, step);
  }
  await hooks(one, 'after', prefix);
}

async function hooks(one, kind, prefix) {
  try {
    for (const hook of one[kind]) await hook();
  } catch (error) {
    outcomes.push({ name: `${prefix}${kind}`, outcome: 'failed', reason: described(error) });
  }
}

async function runTest(one, name, { options, run }) {
  const why = skipped[name] ?? (options.skip && String(options.skip));
  if (why) return void outcomes.push({ name, outcome: 'skipped', reason: why });
  // So that the runner can say where a page is stuck.
  document.title = running = name;
  const cleanups = [];
  const timers = new MockTimers();
  const context = {
    name, mock: { timers, method: (...what) => mockMethod(cleanups, ...what), restoreAll: () => cleanups.forEach((cleanup) => cleanup.restores && cleanup()) }, signal: new AbortController().signal,
    after: (cleanup) => void cleanups.push(cleanup),
    diagnostic: (text) => console.log(text),
    skip: (reason = 'skipped') => (context.skipped = reason),
    test: (inner, ...rest) => runTest(one, `${name} › ${inner}`, { options: rest.length > 1 ? rest[0] : {}, run: rest.at(-1) }),
  };
  const failures = [];
  const attempt = (step) => Promise.resolve().then(step).catch((error) => failures.push(described(error)));
  const around = [];
  for (let outer = one; outer; outer = outer.outer) around.unshift(outer);
  for (const hook of around.flatMap(({ beforeEach: all }) => all)) await attempt(() => hook(context));
  if (failures.length === 0) await attempt(() => run?.(context));
  for (const cleanup of cleanups) await attempt(cleanup);
  for (const hook of around.reverse().flatMap(({ afterEach: all }) => all)) await attempt(() => hook(context));
  timers.reset();
  // What is not caught is told a little later, and belongs to this test all the same.
  await new Promise(setImmediate);
  running = undefined;
  if (failures.length > 0) outcomes.push({ name, outcome: 'failed', reason: failures.join('\n') });
  else outcomes.push({ name, outcome: context.skipped ? 'skipped' : 'passed', reason: context.skipped ?? '' });
}

/** A method that counts its calls until the end of the test. */
function mockMethod(cleanups, object, name, instead = object[name]) {
  const original = object[name];
  const calls = [];
  const restore = Object.assign(() => void (object[name] = original), { restores: true });
  object[name] = Object.assign(function (...args) {
    calls.push({ arguments: args, this: this });
    return instead.apply(this, args);
  }, { mock: { calls, restore, callCount: () => calls.length } });
  cleanups.push(restore);
  return object[name];
}

export function described(error) {
  if (!(error instanceof Error)) return `thrown: ${String(error)}`;
  const cause = error.cause ? `\ncaused by ${described(error.cause)}` : '';
  // Only some engines repeat the message in the stack.
  return `${error}\n${String(error.stack ?? '').split('\n').filter((line) => line.includes(':')).slice(0, 6).join('\n')}${cause}`;
}
