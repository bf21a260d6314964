// Installs the packed package into small apps and runs each against the real router.
//   npm run packaging                  all of them
//   npm run packaging -- vite bun      these (see apps.mjs and checks.mjs)
// WAMPLEX_ROUTER: the router to use (default target/debug/wamplex). CHROMIUM: the browser (default /usr/bin/chromium).
import { join } from 'node:path';
import { APPS } from './apps.mjs';
import { closeBrowser, outcomeOf, serveFolder } from './browser.mjs';
import { CHECKS } from './checks.mjs';
import { install } from './install.mjs';
import { pack } from './pack.mjs';
import { run, serve } from './processes.mjs';
import { openStage } from './stage.mjs';

/** After so long a program is stuck. Nothing is measured by it. */
const BUILD_SECONDS = 900;
const START_SECONDS = 300;
const RUN_SECONDS = 300;

const all = [...Object.keys(CHECKS), ...APPS.map(({ name }) => name)];
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`there is no ${unknown.join(', ')}; there are: ${all.join(', ')}`);
  process.exit(2);
}

const report = [];
const tarball = pack();
const stage = await (wanted.length > 0 && wanted.every((name) => name in CHECKS) ? undefined : openStage());
/** The last build of each folder, which several rows may share. */
const built = new Map();
for (const name of all) {
  if (wanted.length === 0 || wanted.includes(name)) report.push(await timed(name));
}
await stage?.close();
await closeBrowser();
console.table(Object.fromEntries(report.map(({ name, passed, seconds }) => [name, { passed, seconds }])));
const failed = report.filter(({ error }) => error);
console.log(`${report.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length > 0 ? 1 : 0;

async function timed(name) {
  const began = performance.now();
  let passed;
  let error;
  try {
    const app = APPS.find((row) => row.name === name);
    passed = await (app ? tryApp(app) : CHECKS[name](tarball));
  } catch (caught) {
    error = caught;
    passed = 'FAILED';
  }
  const seconds = Number(((performance.now() - began) / 1000).toFixed(1));
  console.log(`${error ? 'FAILED' : 'ok'}: ${name} (${seconds} s)`);
  if (error) console.error(error.message);
  return { name, passed, seconds, error };
}

async function tryApp(app) {
  const folder = await makeReady(app);
  if (app.alone) return verdict(await outcome(app, folder, ''));
  const scene = await stage.set(`packaging.${app.name}`);
  try {
    const passed = verdict(await outcome(app, folder, scene.query));
    if (scene.cuts() !== 1) throw new Error(`the connection was cut ${scene.cuts()} times`);
    return passed;
  } finally {
    await scene.clear();
  }
}

function verdict({ passed, error }) {
  if (error) throw new Error(error);
  return passed.join(', ');
}

async function makeReady({ folder: name, build = [] }) {
  const last = built.get(name);
  if (last?.build.join() === build.join()) return last.folder;
  const folder = await install(name, tarball);
  built.delete(name);
  if (build.length > 0) await run(build, folder, BUILD_SECONDS);
  built.set(name, { build, folder });
  return folder;
}

async function outcome({ page, policy, server, open, fetch: path, program }, folder, query) {
  if (program) return outcomeIn(await run([...program, `http://localhost/?${query}`], folder, RUN_SECONDS));
  const site = page ? await serveFolder(join(folder, page), policy) : await serve(server, folder, START_SECONDS);
  try {
    const address = `${site.origin}${path ?? open ?? '/'}?${query}`;
    if (!path) return await outcomeOf(address, RUN_SECONDS);
    const response = await fetch(address, { signal: AbortSignal.timeout(RUN_SECONDS * 1000) });
    return outcomeIn(await response.text(), site.printed);
  } catch (error) {
    throw new Error(`${error.message}\n${site.printed?.() ?? ''}`);
  } finally {
    await site.end();
  }
}

/** The outcome stands somewhere in what was printed, or in HTML. */
function outcomeIn(text) {
  const plain = text.replaceAll('&quot;', '"');
  const [found] = /\{"(passed":\[[^\]]*\]|error":"([^"\\]|\\.)*")\}/.exec(plain) ?? [];
  return found ? JSON.parse(found) : { error: `no outcome in: ${plain.slice(-5000)}` };
}
