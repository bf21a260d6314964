// The entry points as users load them, and what the README promises.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { promisify } from 'node:util';
import * as inline from 'wamplex';
import * as slim from 'wamplex/slim';
import { startRouter } from './router.mjs';
import { startScripted } from './scripted.mjs';

const root = new URL('../', import.meta.url);
const wasm = () => readFile(new URL('dist/wamplex.wasm', root));

/** Runs a program as a file in this folder would run; what it prints. */
async function run(program) {
  const child = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], { cwd: root, timeout: 120_000 });
  return child.stdout;
}

test('both entries export the same, and require() gives it, too', () => {
  const names = [
    'AuthError', 'CanceledError', 'Client', 'ConnectionLostError', 'TimeoutError', 'ValidationError', 'WampError', 'auth', 'connect',
    'defineContract', 'procedure', 'topic',
  ];
  assert.deepEqual(Object.keys(inline).sort(), names);
  assert.deepEqual(Object.keys(slim).sort(), names);
  assert.deepEqual(Object.keys(createRequire(import.meta.url)('wamplex')).sort(), names);
});

test('importing compiles nothing', async () => {
  const program = `
    for (const name of ['compile', 'instantiate', 'Module', 'Instance']) WebAssembly[name] = () => { throw new Error('compiled'); };
    await import('wamplex');
    await import('wamplex/slim');
    console.log('imported');`;
  assert.equal(await run(program), 'imported\n');
});

test('slim wants a module, and takes it in every form', async (t) => {
  const router = await startScripted();
  t.after(() => router.stop());
  const options = { realm: 'realm1', serializers: ['json'] };
  await assert.rejects(slim.connect(router.url, options), (error) => error instanceof slim.ConnectionLostError || /wasm/.test(error.message));
  const forms = {
    bytes: wasm,
    'a module': async () => WebAssembly.compile(await wasm()),
    'a response': async () => new Response(await wasm(), { headers: { 'content-type': 'application/wasm' } }),
    'a promise': () => wasm(),
  };
  for (const [name, make] of Object.entries(forms)) {
    const form = name === 'a promise' ? make() : await make();
    const client = await slim.connect(router.url, { ...options, wasm: form });
    assert.equal(client.state, 'open', name);
    await client.close();
  }
});

test('a Content-Security-Policy that forbids WebAssembly is named', async (t) => {
  const router = await startScripted();
  t.after(() => router.stop());
  const messages = [
    "WebAssembly.compile(): Compiling or instantiating WebAssembly module violates the following Content Security policy directive because 'unsafe-eval' is not an allowed source of script",
    'call to WebAssembly.compile() blocked by CSP',
    "Refused to create a WebAssembly object because 'unsafe-eval' or 'wasm-unsafe-eval' is not an allowed source of script",
  ];
  const { length } = await wasm();
  for (const message of messages) {
    // Node compiles modules of its own.
    const program = `
      const { compile } = WebAssembly;
      WebAssembly.compile = async (bytes) => {
        if (bytes.byteLength === ${length}) throw new WebAssembly.CompileError(${JSON.stringify(message)});
        return compile(bytes);
      };
      const { connect } = await import('wamplex');
      await connect(${JSON.stringify(router.url)}, { realm: 'realm1' }).catch((error) => console.log(error.message));`;
    assert.match(await run(program), /add 'wasm-unsafe-eval' to its script-src/);
  }
});

test('the WebSocket may be made by the application', async (t) => {
  const router = await startScripted();
  t.after(() => router.stop());
  const { WebSocket } = await import('ws');
  const made = [];
  const webSocket = async (url, protocols) => {
    made.push([url, protocols]);
    return new WebSocket(url, protocols, { headers: { 'x-own': '1' } });
  };
  const client = await inline.connect(router.url, { realm: 'realm1', serializers: ['msgpack', 'json'], webSocket });
  assert.deepEqual(made, [[router.url, ['wamp.2.msgpack.batched', 'wamp.2.msgpack', 'wamp.2.json.batched', 'wamp.2.json']]]);
  assert.equal(client.session.serializer, 'json');
  await client.close();
  const failing = inline.connect(router.url, { realm: 'realm1', webSocket: () => { throw new Error('no sockets today'); } });
  await assert.rejects(failing, /no sockets today/);
});

test('everything can be disposed of', async (t) => {
  const router = await startRouter();
  t.after(() => router.stop());
  const client = await inline.connect(router.url, { realm: 'realm1' });
  const subscription = await client.subscribe('com.example.t', () => {});
  const registration = await client.register('com.example.p', () => new Promise(() => {}));
  const iterator = client.events('com.example.t');
  const job = client.stream('com.example.p');
  for (const one of [job, subscription, registration, iterator]) await one[Symbol.asyncDispose]();
  assert.deepEqual([subscription.active, registration.active], [false, false]);
  await assert.rejects(job.result, inline.CanceledError);
  assert.deepEqual(await iterator.next(), { done: true, value: undefined });
  await client[Symbol.asyncDispose]();
  assert.equal(client.state, 'closed');
});

test('the first program of the README does what it says', async (t) => {
  const router = await startRouter();
  t.after(() => router.stop());
  const readme = await readFile(new URL('README.md', root), 'utf8');
  const [, program] = /```js\n([^]*?)```/.exec(readme);
  const prints = [...program.matchAll(/\/\/ prints: (.*)/g)].map((match) => match[1]);
  const output = await run(`${program.replace(/ws:[^']*/, router.url)}\nawait client.close();`);
  assert.deepEqual(output.trim().split('\n'), prints);
});
