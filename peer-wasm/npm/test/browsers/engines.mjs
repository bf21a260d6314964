// Browsers, each driven through its WebDriver (W3C WebDriver).
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';

/** How often a browser is started before it is said to be unable to. */
const STARTS = 3;

/** A name for this machine that browsers do not know to be this machine, so that they do not trust what comes from it. */
const INSECURE_HOST = 'insecure.test';

export const ENGINES = {
  chromium: {
    insecureHost: INSECURE_HOST,
    command: (port) => ['chromedriver', `--port=${port}`],
    capabilities: {
      browserName: 'chrome',
      'goog:chromeOptions': {
        args: [
          '--headless=new', '--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--no-first-run',
          '--disable-background-networking', '--disable-component-update', `--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`,
        ],
      },
    },
    binary: ['goog:chromeOptions', '/usr/bin/chromium', 'CHROMIUM'],
  },
  firefox: {
    insecureHost: INSECURE_HOST,
    command: (port) => ['geckodriver', '--port', port],
    capabilities: {
      browserName: 'firefox',
      'moz:firefoxOptions': {
        args: ['-headless'],
        // Firefox waits longer and longer before it connects again to where connections were lost.
        prefs: { 'network.dns.localDomains': INSECURE_HOST, 'network.websocket.delay-failed-reconnects': false },
      },
    },
    binary: ['moz:firefoxOptions', '/usr/bin/firefox-esr', 'FIREFOX'],
  },
  webkit: {
    // It cannot be told names, but takes this for the address of another machine.
    insecureHost: '[::ffff:127.0.0.1]',
    // It hangs without a word where there is no display.
    command: (port) => ['xvfb-run', '-a', 'WebKitWebDriver', '-p', port],
    capabilities: { 'webkitgtk:browserOptions': { args: ['--automation'] } },
    binary: ['webkitgtk:browserOptions', miniBrowser(), 'MINIBROWSER'],
  },
};

/** It has no place on the PATH, and one that differs between processors. */
function miniBrowser() {
  const folders = readdirSync('/usr/lib').map((name) => `/usr/lib/${name}/webkit2gtk-4.1/MiniBrowser`);
  return folders.find((path) => existsSync(path)) ?? 'MiniBrowser';
}

/** What runs, and would go on when this program ends for whatever reason. */
const drivers = new Set();
process.once('exit', () => drivers.forEach(end));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

function end(driver) {
  if (!drivers.delete(driver) || driver.pid === undefined) return;
  try {
    process.kill(-driver.pid, 'SIGTERM');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** One window of a browser. */
export class Browser {
  #driver;
  #session;

  /** A port that was free may be somebody's when the driver comes to it, and browsers do not start every time on a busy machine. */
  static async start(name) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await Browser.#startOnce(name);
      } catch (error) {
        if (attempt === STARTS) throw error;
      }
    }
  }

  static async #startOnce(name) {
    const { command, capabilities, binary: [key, path, variable] } = ENGINES[name];
    const port = await freePort();
    const [program, ...args] = command(String(port));
    // In a group of its own, as there are programs between us and the browser.
    const driver = spawn(program, args, { stdio: 'ignore', detached: true });
    drivers.add(driver);
    const ended = new Promise((resolve) => {
      driver.once('error', resolve);
      driver.once('exit', (code) => resolve(new Error(`${program} ended with ${code}`)));
    });
    const browser = new Browser();
    browser.#driver = driver;
    const address = `http://127.0.0.1:${port}`;
    try {
      await Promise.race([listening(`${address}/status`), ended.then((error) => { throw error; })]);
      const wanted = { ...capabilities, [key]: { ...capabilities[key], binary: process.env[variable] ?? path } };
      const { sessionId } = await ask('POST', `${address}/session`, { capabilities: { alwaysMatch: wanted } });
      browser.#session = `${address}/session/${sessionId}`;
      return browser;
    } catch (error) {
      await browser.stop();
      throw new Error(`cannot start ${name}`, { cause: error });
    }
  }

  async open(url) {
    await ask('POST', `${this.#session}/url`, { url });
  }

  /** The title of the page. */
  title() {
    return ask('GET', `${this.#session}/title`);
  }

  async stop() {
    try {
      if (this.#session) await ask('DELETE', this.#session);
    } finally {
      end(this.#driver);
    }
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Waits until somebody answers; no driver says when it is there. */
async function listening(url) {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask('GET', url);
    } catch (error) {
      if (attempt === 300) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function ask(method, url, body) {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }), signal: AbortSignal.timeout(180_000) });
  const { value } = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${url}: ${value?.message ?? answer.status}`);
  return value;
}
