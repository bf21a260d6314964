// What makes hooks subscribe and call anew, and what does not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { source } from '../sources.mjs';

const { copy, equal } = await source('binding/value.ts');

class Money {
  constructor(cents) {
    this.cents = cents;
  }
}
const run = () => {};

const SAME = [
  [undefined, undefined], [null, null], [NaN, NaN], [7n, 7n], ['x', 'x'],
  [[1, [2]], [1, [2]]], [{ a: { b: [1] } }, { a: { b: [1] } }], [{ a: 1, b: 2 }, { b: 2, a: 1 }], [Object.create(null), {}],
  [new Uint8Array([1, 2]), new Uint8Array([0, 1, 2]).subarray(1)], [new ArrayBuffer(2), new Uint8Array(2)],
  [new Date(5), new Date(5)], [new URL('ws://a/b'), new URL('ws://a/b')],
  [new Map([['a', [1]]]), new Map([['a', [1]]])], [new Set([1, 2]), new Set([1, 2])], [new Money(5), new Money(5)],
  [{ run }, { run }],
];
const DIFFERENT = [
  [undefined, null], [0, -0], [1, 1n], [1, '1'], [[], {}], [[1], [1, 2]], [[1, 2], [2, 1]], [{ a: 1 }, { b: 1 }], [{ a: undefined }, { b: undefined }],
  [{ a: 1 }, { a: 1, b: 1 }], [{ a: { b: 1 } }, { a: { b: 2 } }], [new Uint8Array([1]), new Uint8Array([2])], [new Uint8Array([1]), [1]],
  [new Uint8Array(1), new Uint8Array(2)], [new Date(5), new Date(6)], [new URL('ws://a/b'), new URL('ws://a/c')],
  [new Map([['a', 1]]), new Map([['a', 2]])], [new Set([1]), new Set([2])], [new Money(5), new Money(6)], [{ run }, { run: () => {} }], [null, {}],
];

for (const [pairs, wanted] of [[SAME, true], [DIFFERENT, false]]) {
  for (const [a, b] of pairs) {
    test(`${text(a)} and ${text(b)} are ${wanted ? 'the same' : 'different'}`, () => {
      assert.equal(equal(a, b), wanted);
      assert.equal(equal(b, a), wanted);
      assert.equal(equal([a], [b]), wanted);
    });
  }
}

test('a copy is the same until the original changes, wherever that is', () => {
  const original = { list: [{ a: 1 }], map: new Map([['m', { b: 1 }]]), set: new Set([1]), bytes: new Uint8Array([1]), money: new Money(5) };
  const changes = [
    () => (original.list[0].a = 2), () => original.list.push(1), () => (original.map.get('m').b = 2), () => original.set.add(2),
    () => (original.other = 1), () => delete original.other,
  ];
  for (const change of changes) {
    const before = copy(original);
    assert.ok(equal(before, original));
    change();
    assert.ok(!equal(before, original), String(change));
  }
});

function text(value) {
  if (typeof value === 'bigint') return `${value}n`;
  return Object.is(value, -0) ? '-0' : `${value?.constructor?.name ?? ''} ${JSON.stringify(value instanceof Map || value instanceof Set ? [...value] : value)}`.trim();
}
