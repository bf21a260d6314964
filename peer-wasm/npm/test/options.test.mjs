// Every option that has a name here, under its name in the protocol.
import assert from 'node:assert/strict';
import { rejection, scripted } from './scripted.mjs';

const ppt = { scheme: 'x_test', serializer: 'cbor', cipher: 'c', keyid: 'k' };
const ppt_ = { ppt_scheme: 'x_test', ppt_serializer: 'cbor', ppt_cipher: 'c', ppt_keyid: 'k' };
const lists = { exclude: [1], excludeAuthid: ['a'], excludeAuthrole: ['b'], eligible: [2], eligibleAuthid: ['c'], eligibleAuthrole: ['d'] };
const lists_ = { exclude: [1], exclude_authid: ['a'], exclude_authrole: ['b'], eligible: [2], eligible_authid: ['c'], eligible_authrole: ['d'] };

const REQUESTS = [
  ['PUBLISH', 16, (client, options) => client.publish('t', 1, options),
    { acknowledge: true, excludeMe: false, discloseMe: true, retain: true, rkey: 'r', ppt, ...lists },
    { acknowledge: true, exclude_me: false, disclose_me: true, retain: true, rkey: 'r', ...ppt_, ...lists_ }, { exclude_me: true, ppt_keyid: 'other' }],
  ['SUBSCRIBE', 32, (client, options) => client.subscribe('t', () => {}, options),
    { match: 'wildcard', getRetained: true, nkey: 'n' },
    { match: 'wildcard', get_retained: true, nkey: 'n' }, { get_retained: false }],
  ['CALL', 48, (client, options) => client.call('p', [], options),
    { discloseMe: true, rkey: 'r', runmode: 'partition', ppt },
    { disclose_me: true, rkey: 'r', runmode: 'partition', ...ppt_ }, { rkey: 'other' }],
  ['CALL with progress', 48, (client, options) => client.stream('p', [], options).result,
    { input: [], discloseMe: false },
    { receive_progress: true, progress: true, disclose_me: false }, { disclose_me: true }],
  ['REGISTER', 64, (client, options) => client.register('p', () => {}, options),
    { match: 'prefix', invoke: 'random', discloseCaller: true, concurrency: 2, forceReregister: true, forwardTimeout: true, ppt },
    { match: 'prefix', invoke: 'random', disclose_caller: true, concurrency: 2, force_reregister: true, forward_timeout: true }, { invoke: 'first' }],
];

for (const [name, code, send, given, wire, raw] of REQUESTS) {
  scripted(`the options of ${name}`, undefined, async ({ router, client }) => {
    const answer = rejection(send(client, given));
    assert.deepEqual((await router.message(code))[2], wire);
    router.drop();
    await answer;
  }, { reconnect: false });

  scripted(`options of ${name} that have no name here, and win`, undefined, async ({ router, client }) => {
    const answer = rejection(send(client, { ...given, options: { x_own: { a: 1 }, ...raw } }));
    assert.deepEqual((await router.message(code))[2], { ...wire, x_own: { a: 1 }, ...raw });
    router.drop();
    await answer;
  }, { reconnect: false });
}

scripted('options of the wrong kind are refused before they are sent', undefined, async ({ router, client }) => {
  const wrong = [
    () => client.publish('t', 1, { rkey: 1 }),
    () => client.publish('t', 1, { exclude: ['joe'] }),
    () => client.publish('t', 1, { ppt: { scheme: 1 } }),
    () => client.subscribe('t', () => {}, { nkey: 5 }),
    () => client.subscribe('t', () => {}, { match: 'glob' }),
    () => client.call('p', [], { runmode: 'all' }),
    () => client.call('p', [], { ppt: { scheme: 'x_a', keyid: 1 } }),
    () => client.register('p', () => {}, { forwardTimeout: 1 }),
    () => client.register('p', () => {}, { options: { invoke: 'load' } }),
  ];
  for (const [i, request] of wrong.entries()) assert.ok((await rejection(request())) instanceof TypeError, String(i));
  assert.deepEqual(router.received.map(([code]) => code), [1]);
});
