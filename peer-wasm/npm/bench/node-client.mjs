// One library in a process of its own, which does what the parent process says.
import { load } from './libraries.mjs';
import { SCENARIOS, measure } from './scenarios.mjs';

const subject = JSON.parse(process.argv[2]);
const { open } = await import(`./clients/${subject.library}.mjs`);
const library = await load(subject.library);

const near = await open(library, subject);
const far = await open(library, subject);
const ours = subject.library === 'wamplex' ? far : await openOurs();
const steps = new Map();

process.on('message', async ({ scenario, milliseconds }) => {
  try {
    if (!steps.has(scenario)) steps.set(scenario, await SCENARIOS[scenario].prepare(near, far, ours));
    process.send(await run(steps.get(scenario), milliseconds));
  } catch (error) {
    process.send({ failed: String(error?.stack ?? error) });
  }
});
process.send('ready');

async function run(step, milliseconds) {
  if (!step) return { count: 0 };
  const before = process.cpuUsage();
  const measured = await measure(step, milliseconds);
  const { user, system } = process.cpuUsage(before);
  return { ...measured, cpu: (user + system) / 1000 };
}

async function openOurs() {
  const { open } = await import('./clients/wamplex.mjs');
  return open(await load('wamplex'), { ...subject, batched: false });
}
process.on('disconnect', () => process.exit());
