// Installs the packed package into copies of ../examples and runs each against the real router.
//   npm run examples               all of them
//   npm run examples -- node bun   these
// WAMPLEX_ROUTER: the router to use (default target/debug/wamplex). CHROMIUM: the browser (default /usr/bin/chromium).
// SHOTS: a folder for pictures of the pages.
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { START_SECONDS, serveFolder } from '../packaging/browser.mjs';
import { apps, installDependencies, installTarball } from '../packaging/install.mjs';
import { pack } from '../packaging/pack.mjs';
import { run, serve, start } from '../packaging/processes.mjs';
import { startProxy } from '../test/proxy.mjs';
import { startRouter } from '../test/router.mjs';
import { root } from './entries.mjs';

const examples = join(root, '..', 'examples');
const work = join(examples, '.work');
const SECONDS = 300;
const PAGE_SECONDS = 120;
const PRIMES = ['2', '3', '5', '7', '11', '13', '17', '19'];

const EXAMPLES = {
  node: () => workerAndClient('node', ['node', 'worker.js'], ['node', 'client.js', '20']),

  async deno() {
    const deno = join(await installDependencies('deno'), 'node_modules', '.bin', 'deno');
    const task = (name) => readConfig('deno/deno.json').tasks[name].split(' ').slice(1);
    await run([deno, 'check', 'worker.ts', 'client.ts'], await install('deno'), SECONDS);
    return workerAndClient('deno', [deno, ...task('worker')], [deno, ...task('client'), '20']);
  },

  async bun() {
    const bun = join(await installDependencies('bun'), 'node_modules', '.bin', 'bun');
    return workerAndClient('bun', [bun, 'worker.ts'], [bun, 'client.ts', '20']);
  },

  /** With the worker of the example for Node. */
  async workers() {
    const wrangler = join(await installDependencies('wrangler'), 'node_modules', '.bin', 'wrangler');
    const folder = await install('workers');
    const site = await serve([wrangler, 'dev', '--ip', '127.0.0.1', '--port', '{port}', '--var', `WAMP_ROUTER:${router.url}`], folder, SECONDS);
    try {
      const ask = async (path) => {
        const response = await fetch(site.origin + path, { signal: AbortSignal.timeout(SECONDS * 1000) });
        return [response.status, await response.json()];
      };
      const [status, { error }] = await ask('/primes/20');
      assert.deepEqual([status, error.split(':')[0]], [503, 'wamp.error.no_such_procedure']);
      assert.equal((await ask('/'))[0], 404);
      const worker = await startWorker(await install('node'), ['node', 'worker.js']);
      const answer = await ask('/primes/20').finally(worker.interrupt);
      assert.deepEqual(answer, [200, { primes: PRIMES.map(Number), found: 8 }]);
      return 'answers by a procedure';
    } catch (error) {
      throw new Error(`${error.message}\n${site.printed()}`);
    } finally {
      await site.end();
    }
  },

  async vanilla() {
    const folder = await install('vanilla');
    return inPages(await serveFolder(folder), async (open) => {
      const [one, other] = [await open('vanilla'), await open('vanilla-other')];
      for (const page of [one, other]) await page.getByText('open', { exact: true }).waitFor();
      await one.getByRole('textbox').fill('hello');
      await one.getByRole('button', { name: 'Publish' }).click();
      for (const page of [one, other]) await page.locator('li', { hasText: 'hello' }).waitFor();
      await other.getByRole('button', { name: 'What is' }).click();
      await other.locator('output', { hasText: '5' }).waitFor();
      return 'two pages: events, a call';
    });
  },

  async react() {
    const folder = await install('react');
    // In development React's strict mode shows everything twice: still there is one session.
    const dev = await serve(['vite', '--host', '127.0.0.1', '--port', '{port}', '--strictPort'], folder, SECONDS);
    await inPages(dev, async (open) => (await open('react-dev')).getByText('nobody else is here').waitFor(), /^\[vite\]|React DevTools/);
    await run(['vite', 'build'], folder, SECONDS);
    return inPages(await serveFolder(join(folder, 'dist')), chat);
  },
};

/** Two people talk, of whom one comes later, and connections are lost. */
async function chat(open) {
  const proxy = await startProxy(router.url);
  try {
    return await chatOver(proxy, open);
  } finally {
    await proxy.stop();
  }
}

async function chatOver(proxy, open) {
  const one = await open('react', { through: proxy.url });
  await one.getByText('nobody else is here').waitFor();
  await one.getByLabel('your name').fill('Ada');
  await one.getByLabel('another subject').fill('engines');
  await one.keyboard.press('Enter');
  await one.locator('strong', { hasText: 'engines' }).waitFor();

  const other = await open('react-other', { colorScheme: 'dark' });
  // It was kept for whoever comes later.
  await other.locator('strong', { hasText: 'engines' }).waitFor();
  for (const page of [one, other]) await page.getByText('2 are here').waitFor();
  await other.getByLabel('your name').fill('Charles');
  const lines = [[other, 'Shall we begin with the difference engine?'], [one, 'Rather with the analytical one.'], [one, 'It weaves algebraic patterns.']];
  for (const [page, line] of lines) {
    await page.getByLabel('say something').fill(line);
    await page.keyboard.press('Enter');
    for (const each of [one, other]) await each.locator('li', { hasText: line }).waitFor();
  }
  assert.equal(await one.locator('li.own').count(), 2);
  await picture(one, 'react');
  await picture(other, 'react-dark');

  const [lost] = proxy.connections;
  proxy.fail(lost, 'cut');
  await one.getByText('connection lost').waitFor();
  await one.getByText('connected', { exact: true }).waitFor();
  await other.getByLabel('say something').fill('Are you still there?');
  await other.keyboard.press('Enter');
  await one.locator('li', { hasText: 'Are you still there?' }).waitFor();
  await one.getByText('2 are here').waitFor();

  await one.getByRole('button', { name: 'kitchen' }).click();
  await one.getByText('nothing in particular').waitFor();
  assert.equal(await one.locator('li:not(.end)').count(), 0);
  await other.close();
  await one.getByText('nobody else is here').waitFor();
  return 'two pages: rooms, retained subject, presence, a lost connection';
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in EXAMPLES));
if (unknown.length > 0) {
  console.error(`there is no ${unknown.join(', ')}; there are: ${Object.keys(EXAMPLES).join(', ')}`);
  process.exit(2);
}
const tarball = pack();
const router = await startRouter();
const browser = await chromium.launch({ timeout: START_SECONDS * 1000, executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium' });
process.env.WAMP_ROUTER = router.url;
let failed = 0;
for (const name of wanted.length > 0 ? wanted : Object.keys(EXAMPLES)) {
  try {
    console.log(`ok: ${name}: ${await EXAMPLES[name]()}`);
  } catch (error) {
    failed++;
    console.error(`FAILED: ${name}\n${error.stack}`);
  }
}
await browser.close();
await router.stop();
process.exitCode = failed > 0 ? 1 : 0;

/** A copy of an example, with this package and what else it needs. */
async function install(name) {
  const folder = join(work, name);
  const manifest = existsSync(join(examples, name, 'package.json'))
    ? readConfig(`${name}/package.json`)
    : { name, private: true, type: 'module', dependencies: { wamplex: '*' } };
  delete manifest.dependencies.wamplex;
  // The only tool that is large: it is among the apps already.
  delete manifest.devDependencies?.wrangler;
  const text = JSON.stringify(manifest);
  const needs = { ...manifest.dependencies, ...manifest.devDependencies };
  const stamp = join(folder, '.installed');
  const state = `${text}${readFileSync(tarball).toString('base64')}${process.version}`;
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== state) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    // In the versions of a lock file, lest tests fail when somebody publishes something.
    if (Object.keys(needs).length > 0) cpSync(await dependenciesOf(name, needs), join(folder, 'node_modules'), { recursive: true, verbatimSymlinks: true });
    writeFileSync(join(folder, 'package.json'), text);
    await installTarball(folder, tarball);
    writeFileSync(stamp, state);
  }
  cpSync(join(examples, name), folder, { recursive: true, filter: (path) => !path.endsWith('node_modules') });
  writeFileSync(join(folder, 'package.json'), text);
  // There `wamplex` is what was installed, not what the registry has.
  if (existsSync(join(folder, 'deno.json'))) writeFileSync(join(folder, 'deno.json'), '{ "nodeModulesDir": "manual" }');
  return folder;
}

/** What the app of this name has, which is what the example needs. */
async function dependenciesOf(name, needs) {
  const app = `example-${name}`;
  assert.ok(apps().includes(app), `the example ${name} needs an app in packaging/apps with a lock file: ${app}`);
  const folder = await installDependencies(app);
  assert.deepEqual(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).dependencies, needs, `packaging/apps/${app} is not what the example needs`);
  return join(folder, 'node_modules');
}

async function workerAndClient(name, workerCommand, clientCommand) {
  const folder = await install(name);
  const alone = start(clientCommand, folder);
  assert.equal(await alone.ended, 1, alone.printed());
  assert.match(alone.printed(), /Nobody serves com\.example\.primes/);
  const worker = await startWorker(folder, workerCommand);
  const printed = await run(clientCommand, folder, SECONDS).finally(worker.interrupt);
  const lines = printed.trim().split('\n');
  // Event and progressive results have nothing to do with one another.
  assert.deepEqual(lines.filter((line) => !line.startsWith('event')), [...PRIMES, 'result: 8']);
  assert.ok(lines.includes('event: 8 primes up to 20'), printed);
  return 'progress, result, event; stopped by Ctrl-C';
}

async function startWorker(folder, command) {
  const worker = start(command, folder);
  let status;
  void worker.ended.then((code) => (status = code));
  while (!worker.printed().includes('serving')) {
    if (status !== undefined) throw new Error(`the worker ended with ${status}:\n${worker.printed()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    async interrupt() {
      worker.interrupt();
      assert.equal(await worker.ended, 0, worker.printed());
      assert.match(worker.printed(), /open[^]*closed/);
    },
  };
}

/** Opens pages of a site that are told the router, and fails with what they said but for what is `usual`. */
async function inPages(site, test, usual = /^$/) {
  const said = [];
  const open = async (name, { through = router.url, ...options } = {}) => {
    const page = await browser.newPage({ viewport: { width: 900, height: 620 }, ...options });
    page.setDefaultTimeout(PAGE_SECONDS * 1000);
    page.on('console', (message) => usual.test(message.text()) || said.push(`${name}: ${message.text()}`));
    page.on('pageerror', (error) => said.push(`${name}: ${error}`));
    await page.goto(`${site.origin}/?router=${encodeURIComponent(through)}`);
    return page;
  };
  try {
    const outcome = await test(open);
    assert.deepEqual(said, []);
    return outcome;
  } catch (error) {
    const seen = await Promise.all(browser.contexts().flatMap((context) => context.pages()).map((page) => page.innerText('body')));
    throw new Error([error.stack, ...said, ...seen].join('\n'));
  } finally {
    for (const context of browser.contexts()) await context.close();
    await site.end();
  }
}

async function picture(page, name) {
  if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, `${name}.png`) });
}

function readConfig(path) {
  return JSON.parse(readFileSync(join(examples, path), 'utf8'));
}
