// What only Node has: files, servers, sockets, other ways to load the module.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import vm from 'node:vm';
import { startScripted } from '../scripted.mjs';
import { captured, opened, ours, oursOnly, rejection, sharedRouter } from './modules.mjs';

oursOnly('require gives the same module', () => {
  const required = createRequire(import.meta.url)('wamplex/autobahn');
  assert.equal(required.Connection, ours.Connection);
});

oursOnly('a script defines the global variable', async () => {
  const text = await readFile(new URL('../../dist/autobahn.global.js', import.meta.url), 'utf8');
  const page = vm.createContext({
    WebSocket, WebAssembly, EventTarget, Event, CustomEvent, AbortController, AbortSignal, TextEncoder, TextDecoder, Blob, Response, ReadableStream,
    DecompressionStream, URL, performance, console, atob, btoa, crypto, setTimeout, clearTimeout, queueMicrotask,
  });
  vm.runInContext(text, page);
  page.url = await sharedRouter();
  const sum = vm.runInContext(`new Promise((resolve) => {
    const connection = new autobahn.Connection({ url, realm: 'realm1' });
    connection.onopen = async (session) => {
      await session.register('com.test.page', ([a, b]) => a + b);
      const sum = await session.call('com.test.page', [2, 3]);
      connection.onclose = () => resolve(sum);
      connection.close();
    };
    connection.open();
  })`, page);
  assert.equal(await sum, 5);
});

oursOnly('the version is that of the package', async () => {
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  assert.equal(ours.version, version);
});

oursOnly('util: requests by HTTP', async ({ autobahn: { util }, t }) => {
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk)).on('end', () => {
      if (request.url === '/never') return;
      const status = Number(request.url.slice(1));
      response.writeHead(status).end(status === 204 ? undefined : JSON.stringify([request.method, request.headers['content-type'], String(Buffer.concat(chunks))]));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${server.address().port}`;
  assert.deepEqual(JSON.parse(await util.http_post(`${url}/200`, '{"a":1}')), ['POST', 'application/json; charset=utf-8', '{"a":1}']);
  assert.equal(await util.http_post(`${url}/204`), undefined);
  assert.deepEqual(await rejection(util.http_post(`${url}/404`)), { code: 404, text: 'Not Found' });
  assert.deepEqual(await rejection(util.http_post(`${url}/never`, '', 20)), { code: 501, text: 'request timeout' });
  assert.equal((await util.http_get_json(`${url}/200`))[0], 'GET');
  assert.deepEqual(await rejection(util.http_get_json(`${url}/500`)), { code: 500, text: 'Internal Server Error' });
});

oursOnly('log: the environment may ask for it', ({ autobahn: { log }, t }) => {
  const [printed, restore] = captured(t, 'log');
  process.env.AUTOBAHN_DEBUG = '1';
  log.debug(['from', 'the environment']);
  delete process.env.AUTOBAHN_DEBUG;
  log.debug('no more');
  restore();
  assert.deepEqual(printed.map(([, text]) => JSON.parse(text)), [['from', 'the environment']]);
});

oursOnly('transports: RawSocket over TCP', async ({ autobahn, connection }) => {
  const { hostname, port } = new URL(await sharedRouter());
  const made = await connection({ transports: [{ type: 'rawsocket', host: hostname, port: Number(port) }] });
  const { session, details } = await opened(made);
  assert.deepEqual(details.transport, { type: 'rawsocket', url: `tcp://${hostname}:${port}`, protocol: 'wamp.2.json' });
  await session.register('com.test.rawsocket', ([a]) => a + 1);
  assert.equal(await session.call('com.test.rawsocket', [1]), 2);
  assert.equal(autobahn.transports.isRegistered('longpoll'), false);
});

oursOnly('certificates of the application\'s own reach the package that makes sockets in Node', async ({ connection, t }) => {
  const folder = mkdtempSync(join(tmpdir(), 'wamplex-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(folder, name));
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2'];
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert, ...subject]);
  if (made.status !== 0 && !process.env.CI) return t.skip('there is no openssl that makes certificates');
  assert.equal(made.status, 0, String(made.stderr));
  const router = await startScripted();
  t.after(() => router.stop());
  const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (secure) => {
    // What is inside goes on to the router as it is.
    const plain = connect(Number(new URL(router.url).port), '127.0.0.1');
    secure.pipe(plain).pipe(secure);
    for (const socket of [secure, plain]) socket.on('error', () => {});
  });
  await new Promise((resolve) => server.listen(0, 'localhost', resolve));
  t.after(() => server.close());
  const url = `wss://localhost:${server.address().port}/`;
  assert.equal((await rejection(opened(await connection({ url })))).reason, 'unreachable', 'nobody has signed it');
  const tlsConfiguration = { ca: readFileSync(cert) };
  assert.equal((await opened(await connection({ url, tlsConfiguration }))).session.isOpen, true);
  assert.equal((await opened(await connection({ transports: [{ type: 'websocket', url, tlsConfiguration }] }))).session.isOpen, true);
});
