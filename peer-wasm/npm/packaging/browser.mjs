// Pages in headless Chromium, and a server for the files that bundlers made.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { chromium } from 'playwright-core';

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm' };
/** After so long a browser does not start. Nothing is measured by it. */
export const START_SECONDS = 180;
let browser;

/** What the page at this address says about its outcome. */
export async function outcomeOf(address, seconds) {
  browser ??= chromium.launch({ timeout: START_SECONDS * 1000, executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium' });
  const page = await (await browser).newPage();
  const said = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(String(error)));
  page.on('requestfailed', (request) => said.push(`${request.url()}: ${request.failure()?.errorText}`));
  try {
    const isOutcome = (message) => /^\{"(passed|error)"/.test(message.text());
    const told = page.waitForEvent('console', { predicate: isOutcome, timeout: seconds * 1000 });
    // If the page cannot be opened nobody waits for this.
    told.catch(() => {});
    await page.goto(address, { timeout: seconds * 1000 });
    return JSON.parse((await told).text());
  } catch (error) {
    throw new Error(`${error.message}\n${said.join('\n')}`);
  } finally {
    await page.close();
  }
}

export async function closeBrowser() {
  await (await browser)?.close();
}

/** Serves a folder on a free port, under a Content-Security-Policy if there is one. */
export async function serveFolder(folder, policy) {
  const headers = policy ? { 'content-security-policy': policy } : {};
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, 'http://localhost').pathname);
    const file = path.endsWith('/') ? join(path, 'index.html') : path;
    try {
      const body = await readFile(join(folder, file));
      response.writeHead(200, { ...headers, 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { origin: `http://127.0.0.1:${server.address().port}`, end: () => server.close() };
}
