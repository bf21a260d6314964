// What programs that were written for AutobahnJS and @types/autobahn say.
import autobahn, { Connection, Error as AutobahnError, type ISubscription, type Session } from '../autobahn.js';
import * as all from '../autobahn.js';

export function program(): void {
  const connection = new autobahn.Connection({
    url: 'ws://127.0.0.1:8080/ws',
    realm: 'realm1',
    max_retries: -1,
    authmethods: ['wampcra', 'cryptosign'],
    authid: 'joe',
    onchallenge(session, method, extra) {
      void session.id;
      if (method === 'wampcra') return autobahn.auth_cra.sign(autobahn.auth_cra.derive_key('s', extra.salt, 1000, 32), extra.challenge);
      return Promise.resolve(['signature', { more: 1 }] as [string, object]);
    },
    serializers: [new autobahn.serializer.CBORSerializer(), new autobahn.serializer.JSONSerializer((_, value) => value)],
    client: { bigint: 'auto' },
  });
  connection.onopen = (session: autobahn.Session, details) => void opened(session, details);
  connection.onclose = (reason: string, details) => details.will_retry && reason !== 'lost';
  connection.open();
  connection.close('wamp.close.normal', 'bye');
  const same: all.Connection = connection;
  void [same, all.default.version, autobahn.transports.list(), Connection];
  // @ts-expect-error: the realm is missing
  new Connection({ url: 'ws://127.0.0.1:8080/ws' });
  // @ts-expect-error: this library has no NaCl
  void autobahn.nacl;
}

async function opened(session: Session, details: any): Promise<void> {
  const subscription: ISubscription = await session.subscribe('com.example.topic', ([text], { n }, event, mine) => {
    const topic: string = event.topic;
    void [text, n, topic, mine.id];
  }, { match: 'prefix' });
  const last: boolean = await subscription.unsubscribe();
  const registration = await session.register('com.example.add2', ([a, b]: [number, number], _, { progress }) => {
    progress?.([1]);
    return a + b;
  });
  await session.unregister(registration);
  const call = session.call<number>('com.example.add2', [2, 3], {}, { receive_progress: true });
  call.then((sum) => sum.toFixed(), (error: AutobahnError) => error.error, (piece) => piece);
  call.cancel({ mode: 'kill' });
  const publication = await session.publish('com.example.topic', ['hello'], {}, { acknowledge: true });
  const id: number = publication.id;
  session.publish('com.example.topic', ['hello'], { n: 1 }, { exclude_me: false });
  void [details, last, id, new autobahn.Result([1, 2], { a: 3 }), new autobahn.Error('com.example.error', [1])];
  // @ts-expect-error: there is no such way to cancel
  call.cancel({ mode: 'slowly' });
}
