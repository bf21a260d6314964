// Runs the tests of the built package in browsers, against the real router.
//   node test/browsers/run.mjs [chromium|firefox|webkit]... [FILE]...
// Without engines it is all of them; without files all but those that skipped.mjs names. VERBOSE=1 times each file.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/entries.mjs';
import { Browser, ENGINES } from './engines.mjs';
import { PAGES } from './pages.mjs';
import { Server } from './server.mjs';
import { SKIPPED_FILES, SKIPPED_TESTS } from './skipped.mjs';

/** After this long without a word a page is stuck. Nothing is measured by it. */
const PATIENCE_MS = 180_000;
/** After so many pages that are stuck nothing more is learned. */
const MOST_STUCK_PAGES = 3;

const given = process.argv.slice(2);
const engines = given.filter((name) => ENGINES[name]);
if (engines.length === 0) engines.push(...Object.keys(ENGINES));
const all = readdirSync(join(root, 'test'), { recursive: true }).map(String).filter((name) => name.endsWith('.test.mjs') || PAGES[name]).sort();
const named = given.filter((name) => !ENGINES[name]);
const unknown = named.filter((name) => !all.includes(name));
if (unknown.length > 0) throw new Error(`neither engine nor test file: ${unknown.join(', ')}`);
const files = (named.length > 0 ? named : all).filter((name) => !SKIPPED_FILES[name]);

if (!existsSync(join(root, 'dist'))) throw new Error("the package is not built: run 'npm run build' first");
const server = await Server.start();
const counts = await Promise.all(engines.map(runEngine));
const results = Object.fromEntries(engines.map((engine, i) => [engine, counts[i]]));
server.stop();
report();

async function runEngine(engine) {
  const began = performance.now();
  const count = { passed: 0, failed: 0, skipped: 0, seconds: 0 };
  let browser;
  let stuck = 0;
  for (const file of files) {
    const start = performance.now();
    let outcomes;
    try {
      browser ??= await Browser.start(engine);
      const { policy, insecure } = PAGES[file] ?? {};
      outcomes = await server.run(browser, file, {
        skipped: SKIPPED_TESTS[file] ?? {}, patience: PATIENCE_MS, policy, host: insecure ? ENGINES[engine].insecureHost : '127.0.0.1',
      });
    } catch (error) {
      const where = await browser?.title().catch(() => undefined);
      outcomes = [{ name: where ?? 'starting', outcome: 'failed', reason: [error, error.cause].filter(Boolean).map(String).join(': ') }];
      await browser?.stop().catch(() => {});
      browser = undefined;
      stuck++;
    }
    if (process.env.VERBOSE) console.log(`${engine} ${file} ${Math.round(performance.now() - start)} ms`);
    const gone = Object.keys(SKIPPED_TESTS[file] ?? {}).filter((name) => !outcomes.some((one) => one.name === name));
    for (const name of gone) outcomes.push({ name, outcome: 'failed', reason: 'skipped.mjs names it, and there is no such test' });
    if (outcomes.length === 0) outcomes.push({ name: 'loading', outcome: 'failed', reason: 'there are no tests in it' });
    for (const { name, outcome, reason } of outcomes) {
      count[outcome]++;
      if (outcome === 'failed') console.log(`✖ ${engine} ${file} › ${name}\n    ${reason.replaceAll('\n', '\n    ')}`);
    }
    if (stuck === MOST_STUCK_PAGES) {
      console.log(`✖ ${engine}: given up after ${file}`);
      break;
    }
  }
  await browser?.stop();
  count.seconds = Math.round((performance.now() - began) / 1000);
  return count;
}

function report() {
  console.table(results);
  if (named.length === 0) {
    console.log('Not in browsers:');
    for (const [file, reason] of Object.entries(SKIPPED_FILES)) console.log(`  ${file}: ${reason}`);
    for (const [file, tests] of Object.entries(SKIPPED_TESTS)) {
      for (const [name, reason] of Object.entries(tests)) console.log(`  ${file} › ${name}: ${reason}`);
    }
  }
  process.exitCode = Object.values(results).some(({ failed }) => failed > 0) ? 1 : 0;
}
