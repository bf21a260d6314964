// Measures the package beside other codecs and clients.
//   npm run bench                      prints tables
//   npm run bench -- --write           also writes results.md
//   npm run bench -- codec node        only these parts, of: codec, node, chromium
//   npm run bench -- --short           shorter turns and fewer rounds, for a first look
import { existsSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { benchCodecs } from './codecs.mjs';
import { inChromium } from './in-chromium.mjs';
import { startInNode } from './in-node.mjs';
import { codecTables, clientTables } from './tables.mjs';
import { SCENARIOS } from './scenarios.mjs';
import { SUBJECTS } from './subjects.mjs';

const given = process.argv.slice(2);
const short = given.includes('--short');
const parts = given.filter((word) => !word.startsWith('--'));
const wants = (part) => parts.length === 0 || parts.includes(part);
const { rounds, milliseconds } = short ? { rounds: 2, milliseconds: 120 } : { rounds: 4, milliseconds: 250 };

if (wants('node') || wants('chromium')) process.env.WAMPLEX_ROUTER ??= optimizedRouter();

const sections = [];
if (wants('codec')) {
  sections.push(codecTables('in Node', await benchCodecs(short)));
}
if (wants('chromium') && wants('codec')) {
  sections.push(codecTables('in Chromium', await inChromium((page) => page.codecs(short))));
}
if (wants('node')) sections.push(clientTables('in Node', await benchClients(startInNode)));
if (wants('chromium')) {
  sections.push(clientTables('in Chromium', await inChromium((page) => benchClients(page.start))));
}

const text = `${head()}${sections.map(({ ratios }) => ratios).join('')}${sections.map(({ figures }) => figures).join('')}`;
console.log(text);
if (given.includes('--write')) writeFileSync(new URL('results.md', import.meta.url), text);

/** The router as it is shipped: with one that is not optimized, that would be what is measured. */
function optimizedRouter() {
  const built = fileURLToPath(new URL('../../../target/release/wamplex', import.meta.url));
  if (existsSync(built)) return built;
  throw new Error("no router: build it with 'cargo build --release -p wamplex-router', or name one by WAMPLEX_ROUTER");
}

/** All subjects take turns in every round, so that a busy moment of the machine hits all alike. */
async function benchClients(start) {
  const { startRouter } = await import('../test/router.mjs');
  const router = await startRouter();
  const running = [];
  try {
    for (const subject of SUBJECTS) running.push({ subject, process: await start(subject, router.url), turns: {} });
    for (const scenario of Object.keys(SCENARIOS)) {
      for (let round = -1; round < rounds; round++) {
        for (const { subject, process, turns } of running) {
          const turn = await process.run(scenario, milliseconds);
          if (turn.failed) throw new Error(`${subject.name}, ${scenario}: ${turn.failed}`);
          // The first one warms up.
          if (round >= 0) (turns[scenario] ??= []).push(turn);
        }
      }
    }
  } finally {
    await Promise.all(running.map(({ process }) => process.stop()));
    await router.stop();
  }
  return running;
}

function head() {
  const { length, 0: cpu } = cpus();
  return `# Speed of the npm package

Made by \`npm run bench -- --write\` with Node ${process.versions.node} on ${length} cores (${cpu.model.trim()}), of which other work
took its part: ${loadavg()[0].toFixed(1)} programs wanted to run at the end. Ratios come first: both sides of each were measured in
turns in one run, so they tell more than the figures behind them. Above 1 ours is better. The router is that of Wamplex,
with optimizations.

* **Codecs**: what our client does is measured whole, from the frame that its socket gets to the handler of the application,
  and from \`publish\` to the frame that its socket is given. The others only decode and encode the message. In Node, msgpackr
  and cbor-x have parts in C++ that browsers do not have. There are 16 messages of each kind, in turns. The 10 KB are 62
  records with the same keys and eight strings each; of these five are one of a few, as names of states and kinds are, or
  no two are alike ("of unlike strings").
* **Clients**: both ends are in one process (or page) and on one library, so that a message costs its sender and its receiver;
  only progressive results come from our client for all, since the router asks for none of a callee that cannot be
  interrupted. \`batched\` is what our client does by itself where the router offers it: all messages of one turn of the event
  loop are one frame, or a few if they are many. wampy has no publishing without acknowledgement.
`;
}
