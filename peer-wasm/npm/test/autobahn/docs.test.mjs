// The programs of docs/coming-from-autobahn.md do what they say.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import * as native from 'wamplex';
import { ours, sharedRouter } from './modules.mjs';

const page = await readFile(new URL('../../docs/coming-from-autobahn.md', import.meta.url), 'utf8');
const programs = [...page.matchAll(/```js\n(.*?)```/gs)].map(([, text]) => text);
const AsyncFunction = (async () => {}).constructor;

for (const [i, program] of programs.entries()) {
  test(`program ${i + 1} prints what it says`, { timeout: 120_000 }, async (t) => {
    const url = await sharedRouter();
    const text = program.replace(/^import .*$/gm, '').replaceAll('ws://127.0.0.1:8080/ws', url);
    const opened = [];
    const keep = (Class) => class extends Class {
      constructor(...args) {
        super(...args);
        opened.push(this);
      }
    };
    t.after(() => Promise.all(opened.map((it) => it.close())));
    const printed = [];
    await new Promise((resolve, reject) => {
      const log = (...items) => {
        printed.push(...items);
        if (printed.length === 2) resolve();
      };
      const autobahn = { ...ours, Connection: keep(ours.Connection) };
      new AsyncFunction('autobahn', 'Client', 'console', text)(autobahn, keep(native.Client), { log }).catch(reject);
    });
    assert.deepEqual(printed, ['Hello', 5]);
  });
}

test('there are programs', () => assert.equal(programs.length, 2));
