import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { createRouter, type TestRouter } from 'wamplex/testing';
import { Connection, type Phase } from '../src/connection.ts';
import { sentenceFor } from '../src/fault.ts';

let router: TestRouter;
let uninstall: () => void;
let connection: Connection;
let seen: { readonly phase: Phase; readonly attempt?: number | undefined; readonly fault?: string | undefined }[];
let watching: (() => void)[];

beforeEach(async () => {
  router = await createRouter();
  uninstall = router.install();
  connection = new Connection();
  seen = [];
  watching = [];
  connection.watch((phase, fault) => {
    seen.push({ phase, attempt: connection.attempt?.number, fault: fault === undefined ? undefined : sentenceFor(fault) });
    for (const check of watching) check();
  });
});

afterEach(async () => {
  await connection.close();
  uninstall();
  await router.close();
});

/** Resolves when the connection has been in so many phases. */
function phases(count: number): Promise<readonly Phase[]> {
  return new Promise((resolve) => {
    const check = (): void => {
      if (seen.length >= count) resolve(seen.map(({ phase }) => phase));
    };
    watching.push(check);
    check();
  });
}

const open = (realm = 'realm1'): Promise<void> => connection.open({ url: router.url, realm, serializer: 'json' });

test('a session opens, and ends when that is wanted', async () => {
  await open();
  assert.equal(connection.session?.realm, 'realm1');
  await connection.close();
  assert.equal(connection.client, undefined);
  assert.deepEqual(seen.map(({ phase }) => phase), ['connecting', 'connected', 'disconnected']);
});

test('while it tries, the page tells why the session was lost, not what each attempt fails of', async () => {
  await open();
  router.refuse(true);
  router.cut();
  await phases(3);
  connection.tryNow();
  await phases(4);
  assert.deepEqual(seen.slice(2, 4).map(({ phase, attempt }) => [phase, attempt]), [['reconnecting', 1], ['reconnecting', 2]]);
  assert.equal(seen[3]?.fault, seen[2]?.fault);
  assert.match(seen[3]?.fault ?? '', /the connection was lost/i);
});

test('a session that is lost comes back with what the page has subscribed to', async () => {
  await open();
  const heard: unknown[] = [];
  const gaps: unknown[] = [];
  await connection.client!.subscribe('com.example.tick', ({ data }) => heard.push(data), { ongap: (gap) => gaps.push(gap) });
  router.cut();
  await phases(3);
  assert.equal(seen[2]?.phase, 'reconnecting');
  assert.equal(seen[2]?.attempt, 1);
  assert.match(seen[2]?.fault ?? '', /network_failure/);
  const client = connection.client;
  connection.tryNow();
  assert.deepEqual(await phases(4), ['connecting', 'connected', 'reconnecting', 'connected']);
  assert.equal(connection.client, client);
  await router.settled();
  await router.publish('com.example.tick', 7);
  assert.deepEqual(heard, [7]);
  assert.equal(gaps.length, 1);
});

test('attempts are counted while no router answers, and stop when that is wanted', async () => {
  router.refuse();
  void open();
  await phases(2);
  connection.tryNow();
  await phases(3);
  assert.deepEqual(seen.slice(1, 3).map(({ phase, attempt }) => [phase, attempt]), [['reconnecting', 1], ['reconnecting', 2]]);
  await connection.close();
  assert.equal(connection.attempt, undefined);
  assert.equal(seen.at(-1)?.phase, 'disconnected');
});

test('what will not get better is not tried again', async () => {
  await open('com.example.nowhere');
  assert.deepEqual(seen.map(({ phase }) => phase), ['connecting', 'closed']);
  assert.match(seen[1]?.fault ?? '', /no such realm/);
});
