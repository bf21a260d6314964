// Serves the pages, the built package and the tests, and takes what came of them.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { WebSocketServer } from 'ws';
import { root } from '../../scripts/entries.mjs';
import { importMap, sourceBundle, testBundle, workerBundle } from './bundles.mjs';
import { Control, packed, unpacked } from './control.mjs';
import { CRYPTO } from './crypto.mjs';

const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };

export class Server {
  #http = createServer((request, response) => void this.#serve(request, response));
  #waiting = new Map();
  #bundles = new Map();
  #last = 0;

  static async start() {
    const server = new Server();
    const sockets = new WebSocketServer({ server: server.#http, path: '/control' });
    sockets.on('connection', (socket) => new Control(socket));
    await new Promise((resolve) => server.#http.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get port() {
    return this.#http.address().port;
  }

  stop() {
    this.#http.closeAllConnections();
    this.#http.close();
  }

  /** Lets a browser run a test file; what came of it. */
  async run(browser, file, { skipped, patience, host, policy }) {
    const id = String(++this.#last);
    let late;
    const outcomes = new Promise((resolve, reject) => {
      late = setTimeout(() => reject(new Error(`nothing was heard for ${patience / 1000} s`)), patience);
      this.#waiting.set(id, { resolve, file, skipped, policy });
    });
    outcomes.catch(() => {});
    try {
      await browser.open(`http://${host}:${this.port}/page/${id}`);
      return await outcomes;
    } finally {
      clearTimeout(late);
      this.#waiting.delete(id);
    }
  }

  async #serve(request, response) {
    try {
      const [, kind, ...rest] = new URL(request.url, 'http://localhost').pathname.split('/');
      const [type, body, headers] = await this.#answer(kind, rest.join('/'), request);
      response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store', ...headers }).end(body);
    } catch (error) {
      response.writeHead(error.code === 'ENOENT' ? 404 : 500, { 'content-type': 'text/plain' }).end(String(error.stack ?? error));
    }
  }

  async #answer(kind, name, request) {
    switch (kind) {
      case 'page':
        return ['text/html', await this.#page(name), this.#policy(name)];
      case 'tests':
        return ['text/javascript', await this.#bundle(name)];
      case 'source':
        return ['text/javascript', await sourceBundle(name)];
      case 'worker':
        if (name !== 'worker.mjs') throw Object.assign(new Error(`there is no worker ${name}`), { code: 'ENOENT' });
        return ['text/javascript', await workerBundle(name)];
      case 'dist':
        return [TYPES[extname(name)] ?? 'text/plain', await readFile(join(root, 'dist', name))];
      case 'crypto':
        return ['application/json', JSON.stringify(CRYPTO[name](...JSON.parse(await text(request), unpacked)), packed)];
      case 'done':
        this.#waiting.get(name)?.resolve(JSON.parse(await text(request)));
        return ['text/plain', ''];
      default:
        throw Object.assign(new Error(`there is no ${kind}`), { code: 'ENOENT' });
    }
  }

  #policy(id) {
    const { policy } = this.#waiting.get(id);
    return policy && { 'content-security-policy': policy.replace("connect-src 'self'", `$& ws://127.0.0.1:${this.port}`) };
  }

  #bundle(file) {
    if (!this.#bundles.has(file)) this.#bundles.set(file, testBundle(file));
    return this.#bundles.get(file);
  }

  async #page(id) {
    const { file, skipped } = this.#waiting.get(id);
    // What has failed to build says why in the page, too.
    const broken = await this.#bundle(file).then(() => undefined, (error) => error.message);
    return `<!doctype html><meta charset="utf-8"><title>${file}</title><link rel="icon" href="data:,">
<script type="importmap" nonce="page">${JSON.stringify(await importMap())}</script>
<script type="module" nonce="page">
const done = (outcomes) => fetch('/done/${id}', { method: 'POST', body: JSON.stringify(outcomes) });
const failed = (reason) => done([{ name: 'loading', outcome: 'failed', reason }]);
${broken ? `failed(${JSON.stringify(broken)});` : `
const early = [];
let uncaught = (...what) => early.push(what);
addEventListener('unhandledrejection', ({ reason }) => uncaught('unhandledRejection', reason));
addEventListener('error', ({ error, message }) => uncaught('uncaughtException', error ?? new Error(message)));
try {
  const tests = await import('/tests/${file}');
  uncaught = tests.uncaught;
  for (const what of early) uncaught(...what);
  await done(await tests.finish(${JSON.stringify(skipped)}));
} catch (error) {
  await failed(String(error) + '\\n' + error.stack);
}`}
</script>`;
  }
}

async function text(request) {
  let body = '';
  for await (const piece of request.setEncoding('utf8')) body += piece;
  return body;
}
