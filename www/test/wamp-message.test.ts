import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kindOf, messageNames, passes } from '../src/model/wamp-message.ts';

test('a message is named by its code, and an unknown code by its number', () => {
  assert.equal(kindOf([36, 1, 2, {}]).name, 'EVENT');
  assert.equal(kindOf([999]).name, '999');
  assert.equal(messageNames().length, 24);
});

test('a filter lets pass all, a family or one name', () => {
  const event = [36, 1, 2, {}];
  assert.deepEqual(['all', 'pubsub', 'EVENT', 'rpc', 'CALL'].map((filter) => passes(filter, event)), [true, true, true, false, false]);
});
