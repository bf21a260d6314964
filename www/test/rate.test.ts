import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rate } from '../src/model/rate.ts';

test('a steady stream shows its rate', () => {
  const rate = new Rate(2000, 8);
  for (let now = 10_000; now < 14_000; now += 10) rate.add(now);
  assert.equal(rate.perSecond(13_999), 100);
});

test('the rate falls to nothing once the window has passed', () => {
  const rate = new Rate(2000, 8);
  rate.add(500, 40);
  assert.equal(rate.perSecond(600), 20);
  assert.equal(rate.perSecond(2_600), 0);
  assert.equal(rate.perSecond(1_000_000), 0);
});

test('a long silence does not disturb the next count', () => {
  const rate = new Rate(1000, 4);
  rate.add(0, 3);
  rate.add(1_000_000, 5);
  assert.equal(rate.perSecond(1_000_000), 5);
});
