// The module for Argon2id is loaded when a router asks for it, and not before.
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { WebSocket } from 'ws';
import { startScripted } from './scripted.mjs';

/** The default entry in a folder of its own, with these files beside it. */
async function alone(t, ...files) {
  const folder = await mkdtemp(join(tmpdir(), 'wamplex-'));
  t.after(() => rm(folder, { recursive: true }));
  for (const file of ['inline.js', ...files]) await copyFile(new URL(`../dist/${file}`, import.meta.url), join(folder, file));
  return import(pathToFileURL(join(folder, 'inline.js')).href);
}

test('it is loaded when a router asks for it, and that it cannot be is said', async (t) => {
  for (const [files, kdf, reason] of [
    [[], { kdf: 'pbkdf2', iterations: 4096 }, /did not prove/],
    [['argon2.js'], { kdf: 'argon2id13', iterations: 3, memory: 4096 }, /did not prove/],
    [[], { kdf: 'argon2id13', iterations: 3, memory: 4096 }, /^cannot load the module for Argon2id: .*argon2\.js/],
  ]) {
    const { auth, connect } = await alone(t, ...files);
    const router = await startScripted((message, send) => {
      const nonce = () => `${message[2].authextra.nonce}router`;
      if (message[0] === 1) send(4, 'wamp-scram', { nonce: nonce(), salt: 'W22ZaJ0SNY7soEsUEjb6gQ==', ...kdf });
      if (message[0] === 5) send(2, 1, { roles: { dealer: {} } });
      return message[0] !== 6;
    });
    t.after(() => router.stop());
    const joined = connect(router.url, {
      realm: 'realm1', serializers: ['json'], connectTimeout: 500, auth: auth.scram({ authid: 'joe', password: 'pencil' }),
      webSocket: (url, protocols) => new WebSocket(url, protocols),
    });
    await assert.rejects(joined, { message: reason });
  }
});
