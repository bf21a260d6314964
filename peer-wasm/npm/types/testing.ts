// What must and must not compile of `wamplex/testing`, whatever libraries the consumer has.
import type { Client, EventMessage } from '../index.js';
import { createRouter, type Recording, type TestRouter } from '../testing.js';

export async function testing(client: Client): Promise<void> {
  const router: TestRouter = await createRouter({
    realms: ['realm1', { name: 'realm2', anonymous: true, metaApi: 'full', retention: { maxTtl: 10 }, history: [{ pattern: 'a', match: 'prefix' }] }],
    users: [{ authid: 'joe', ticket: 'secret' }, { authid: 'ann', password: 'pencil', kdf: 'argon2id13' }, { authid: 'key', publicKey: new Uint8Array(32) }],
    privateKey: '00'.repeat(32),
    latency: 5, seed: 1, url: 'wss://example.com/ws',
  });
  const own: Client = await router.connect({ realm: 'realm2', serializers: ['json'] });
  await router.procedure('com.example.p', ([a], invocation) => [a, invocation.procedure], { invoke: 'roundrobin', realm: 'realm2' });
  await router.publish('com.example.t', 1, { retain: true });
  const recording: Recording<string> = await router.record<string>('com.example.t', { match: 'prefix' });
  const event: EventMessage<string> = await recording.next();
  const text: string | undefined = recording.events[0]?.data;
  router.cut();
  router.cut(client);
  for (const session of router.sessions) router.cut(session);
  router.refuse(false);
  router.stall();
  router.latency = 10;
  await router.advance(10);
  await router.settled();
  router.install()();
  await router.close();
  void [own, event, text];

  // @ts-expect-error: there is no such rule
  await createRouter({ realms: [{ name: 'realm1', colour: 'red' }] });
  // @ts-expect-error: keys are not derived so
  await createRouter({ users: [{ authid: 'joe', password: 'x', kdf: 'md5' }] });
  // @ts-expect-error: nobody can fly
  await createRouter({ realms: [{ name: 'realm1', roles: [{ name: 'a', permissions: [{ uri: 'a', allow: ['fly'] }] }] }] });
  // @ts-expect-error: nobody is not everybody
  router.cut(router.sessions[7]);
  // @ts-expect-error: who is here is for the router to say
  router.sessions = [];
}
