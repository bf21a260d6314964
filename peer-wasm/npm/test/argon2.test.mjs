// The module for Argon2id that the package brings.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { argon2id } from '../dist/argon2.js';

const utf8 = (text) => new TextEncoder().encode(text);
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const key = (password, salt, iterations, memory) =>
  argon2id(utf8(password), utf8(salt), { iterations, memory, parallelism: 1, length: 32 });

test('keys are those of the reference implementation', async () => {
  for (const [password, salt, iterations, memory, expected] of [
    ['password', 'somesalt', 2, 65536, '09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7'],
    ['password', 'somesalt', 2, 256, '9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe'],
    ['password', 'somesalt', 1, 65536, 'f6a5adc1ba723dddef9b5ac1d464e180fcd9dffc9d1cbf76cca2fed795d9ca98'],
    ['differentpassword', 'somesalt', 2, 65536, '0b84d652cf6b0c4beaef0dfe278ba6a80df6696281d7e0d2891b817d8c458fde'],
    ['password', 'diffsalt', 2, 65536, 'bdf32b05ccc42eb15d58fd19b1f856b113da1e9a5874fdcc544308565aa8141c'],
  ]) {
    assert.equal(hex(await key(password, salt, iterations, memory)), expected);
  }
});

test('passwords and salts of every length have a key of their own', async () => {
  const lengths = [0, 1, 31, 32, 33, 1000, 100_000];
  const keys = await Promise.all(lengths.flatMap((length) => [
    key('x'.repeat(length), 'somesalt', 1, 8), key('password', `somesalt${'x'.repeat(length)}`, 1, 8),
  ]));
  for (const one of keys) assert.equal(one.length, 32);
  assert.equal(new Set(keys.map(hex)).size, 2 * lengths.length);
});

test('more memory than there can be is refused', async () => {
  await assert.rejects(key('password', 'somesalt', 1, 4_194_304), { name: 'RangeError', message: 'there is no memory for Argon2id with 4194304 KiB' });
  assert.equal(hex(await key('password', 'somesalt', 2, 256)).slice(0, 8), '9dfeb910');
});

test('the memory of one key is not kept for the next', async () => {
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 50; i++) await key('password', `somesalt${i}`, 1, 16_384);
  const grown = (process.memoryUsage().rss - before) / 2 ** 20;
  assert.ok(grown < 400, `${grown} MiB of 800 are still there`);
});
