// What the apps meet: the real router behind a proxy that can be cut, and a peer beside it.
import { connect as connectTo, createServer } from 'node:net';
import { connect } from 'wamplex';
import { startRouter } from '../test/router.mjs';

const CONFIG = `
[[realms]]
name = "realm1"
[realms.authentication]
methods = ["wamp-scram", "anonymous"]
[[realms.principals]]
authid = "ann"
role = "user"
scram = { password = "pencil", kdf = "argon2id13" }
`;

/** Starts the router and the peer; `set(prefix)` makes a proxy and the procedures of scenario.mjs for one app. */
export async function openStage() {
  const router = await startRouter(CONFIG);
  const peer = await connect(router.url, { realm: 'realm1' });
  return {
    set: (prefix) => set(peer, router.url, prefix),
    async close() {
      await peer.close();
      await router.stop();
    },
  };
}

async function set(peer, routerUrl, prefix) {
  const proxy = await startProxy(new URL(routerUrl));
  const procedures = {
    announce: ([round]) => peer.publish(`${prefix}.news`, round, { acknowledge: true }).then(() => null),
    add: ([a, b]) => a + b,
    echo: ([value]) => value,
    async *count([end]) {
      for (let i = 0; i < end; i++) yield i;
      return 'counted';
    },
    ask: ([n]) => peer.call(`${prefix}.double`, [n]),
  };
  const ours = await Promise.all([
    ...Object.entries(procedures).map(([name, procedure]) => peer.register(`${prefix}.${name}`, procedure)),
    peer.subscribe(`${prefix}.cut`, () => proxy.cut()),
  ]);
  const router = new URL(routerUrl);
  router.port = proxy.port;
  return {
    /** What the apps get after the question mark of their address. */
    query: `router=${encodeURIComponent(router.href)}&prefix=${prefix}`,
    cuts: proxy.cuts,
    async clear() {
      await Promise.all(ours.map((one) => one.unregister?.() ?? one.unsubscribe()));
      proxy.stop();
    },
  };
}

async function startProxy({ hostname, port }) {
  const open = new Set();
  let cuts = 0;
  const server = createServer((near) => {
    const far = connectTo(Number(port), hostname);
    for (const [one, other] of [[near, far], [far, near]]) {
      open.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    /** How often connections were cut. */
    cuts: () => cuts,
    cut() {
      cuts++;
      for (const socket of open) socket.resetAndDestroy();
    },
    stop() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
