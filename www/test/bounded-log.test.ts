import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoundedLog } from '../src/model/bounded-log.ts';

test('it holds the newest items up to its limit and counts what it let go', () => {
  const log = new BoundedLog<string>(3);
  for (const item of ['a', 'b', 'c', 'd', 'e']) log.push(item);
  assert.equal(log.length, 3);
  assert.equal(log.total, 5);
  assert.equal(log.cut, 2);
  assert.deepEqual([0, 1, 2, 3, 4, 5].map((index) => log.at(index)), [undefined, undefined, 'c', 'd', 'e', undefined]);
});

test('clear starts from nothing', () => {
  const log = new BoundedLog<number>(2);
  for (const item of [1, 2, 3]) log.push(item);
  log.clear();
  assert.deepEqual([log.length, log.total, log.cut, log.at(0)], [0, 0, 0, undefined]);
  log.push(9);
  assert.equal(log.at(0), 9);
});
