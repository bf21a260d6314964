// What stands at the top of README.md works as it stands there.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { startRouter } from './router.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, '.work', 'readme');

test('the first lines of the documentation print what they say', async (t) => {
  const router = await startRouter();
  t.after(() => router.stop());
  const [, code] = /```js\n([^]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8'));
  const printed = [...code.matchAll(/\/\/ prints: (.*)/g)].map(([, text]) => text);
  assert.deepEqual(printed, ['hello', '5']);

  mkdirSync(folder, { recursive: true });
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'first.mjs');
  writeFileSync(file, `${code.replace('ws://127.0.0.1:8080/ws', router.url)}\nawait client.close({ drain: true });\n`);
  const log = t.mock.method(console, 'log', () => {});
  await import(pathToFileURL(file));
  assert.deepEqual(log.mock.calls.map(({ arguments: [value] }) => String(value)), printed);
});
