// What the package needs beside the entry itself is loaded when it is needed, and what is missing then is said.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { auth, connect } from 'wamplex';
import { WebSocket } from 'ws';
import { binary, startRouter } from './router.mjs';
import { startScripted } from './scripted.mjs';

/** A folder with the default entry and these files beside it. */
async function folderWith(t, ...files) {
  const folder = await mkdtemp(join(tmpdir(), 'wamplex-'));
  t.after(() => rm(folder, { recursive: true }));
  for (const file of ['inline.js', ...files]) await copyFile(new URL(`../dist/${file}`, import.meta.url), join(folder, file));
  return folder;
}

test('the module for Argon2id is loaded when a router asks for it', async (t) => {
  for (const [files, kdf, reason] of [
    [[], { kdf: 'pbkdf2', iterations: 4096 }, /did not prove/],
    [['argon2.js'], { kdf: 'argon2id13', iterations: 3, memory: 4096 }, /did not prove/],
    [[], { kdf: 'argon2id13', iterations: 3, memory: 4096 }, /^cannot load argon2.js: .*argon2\.js/],
  ]) {
    const alone = await import(pathToFileURL(join(await folderWith(t, ...files), 'inline.js')).href);
    const router = await startScripted((message, send) => {
      const nonce = () => `${message[2].authextra.nonce}router`;
      if (message[0] === 1) send(4, 'wamp-scram', { nonce: nonce(), salt: 'W22ZaJ0SNY7soEsUEjb6gQ==', ...kdf });
      if (message[0] === 5) send(2, 1, { roles: { dealer: {} } });
      return message[0] !== 6;
    });
    t.after(() => router.stop());
    const joined = alone.connect(router.url, {
      realm: 'realm1', serializers: ['json'], reconnect: false, auth: alone.auth.scram({ authid: 'joe', password: 'pencil' }),
      webSocket: (url, protocols) => new WebSocket(url, protocols),
    });
    await assert.rejects(joined, { message: reason });
  }
});

test('who was added as a user without a word about costs gets in with the password, and with no other', async (t) => {
  const folder = await folderWith(t);
  const database = join(folder, 'users.db');
  const adding = promisify(execFile)(binary, ['user', 'add', 'ann', '--database', database, '--realm', 'realm1', '--role', 'user', '--methods', 'scram', '--password-stdin']);
  adding.child.stdin.end('pencil\n');
  await adding;
  const router = await startRouter(`
[[realms]]
name = "realm1"
[realms.authentication]
methods = ["wamp-scram"]
[[realms.principals_from]]
sqlite = "${database}"
`);
  t.after(() => router.stop());
  const asked = [];
  const debug = ({ message }) => message[0] === 4 && asked.push(message[2].kdf);
  const entering = (password) => connect(router.url, { realm: 'realm1', auth: auth.scram({ authid: 'ann', password }), debug });
  const client = await entering('pencil');
  assert.equal(client.session.authid, 'ann');
  await client.close();
  await assert.rejects(entering('paper'), { uri: 'wamp.error.authentication_denied' });
  assert.deepEqual(asked, ['argon2id13', 'argon2id13']);
});

test('a Node that has no WebSocket, and no package that has one, is told so at once', async (t) => {
  const program = `
    delete globalThis.WebSocket;
    process.on('unhandledRejection', (reason) => console.log('unhandled', reason));
    const { Client, WampError, connect } = await import('./inline.js');
    const report = (error) => console.log(error instanceof WampError, error.uri, error.message);
    const options = { realm: 'realm1', connectTimeout: 86_400_000 };
    await connect('ws://127.0.0.1:1/', options).catch(report);
    await new Client('ws://127.0.0.1:1/', options).call('p').catch(report);`;
  const cwd = await folderWith(t);
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], { cwd, timeout: 120_000 });
  const line = "true wamplex.error.unsupported this runtime has no WebSocket: install the package 'ws', or pass the option 'webSocket'\n";
  assert.equal(stdout, line.repeat(2));
});
