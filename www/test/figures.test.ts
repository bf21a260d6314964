import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, clock, countdown, counted, duration, perSecond } from '../src/model/figures.ts';

test('durations, sizes, counts and rates carry a unit that suits them', () => {
  assert.deepEqual([0.25, 4.04, 12.6, 999, 1500].map(duration), ['250 µs', '4.0 ms', '13 ms', '999 ms', '1.50 s']);
  assert.deepEqual([0, 999, 1000, 2_500_000].map(bytes), ['0 B', '999 B', '1.0 kB', '2.5 MB']);
  assert.deepEqual([0, 1, 1200].map((count) => counted(count, 'event')), ['0 events', '1 event', '1,200 events']);
  assert.deepEqual([0, 0.34, 12.6, 1500].map(perSecond), ['0/s', '0.3/s', '13/s', '1,500/s']);
});

test('the time of day has its milliseconds', () => {
  assert.equal(clock(new Date(2026, 0, 2, 3, 4, 5, 6).getTime()), '03:04:05.006');
});

test('the time until something happens never says less than there is', () => {
  assert.deepEqual([-5, 0, 1, 250, 12_000].map(countdown), ['now', 'now', 'in 0.1 s', 'in 0.3 s', 'in 12.0 s']);
});
