// A network that fails on demand: a proxy on loopback between client and router.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** How a connection can fail. `pair` has both sockets. */
const FAULTS = {
  cut: ({ near, far }) => [near, far].forEach((socket) => socket.destroy()),
  reset: ({ near, far }) => [near, far].forEach((socket) => socket.resetAndDestroy()),
  /** Half of what comes next still arrives: most of the time that ends inside a frame. */
  tear(pair) {
    pair.torn = true;
    // If nothing comes, that is the end of it, too.
    pair.limit = setTimeout(() => FAULTS.cut(pair), 20);
  },
  /** Nothing moves any more, and nobody is told for a while. */
  stall(pair) {
    pair.near.pause();
    pair.far.pause();
    pair.limit = setTimeout(() => FAULTS.cut(pair), 300);
  },
  /** One direction ends, the other goes on. */
  deafen: ({ near }) => near.end(),
  mute: ({ far }) => far.end(),
};

export const FAULT_NAMES = Object.keys(FAULTS);

export async function startProxy(target) {
  const { hostname, port, pathname } = new URL(target);
  const pairs = new Set();
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    const pair = { near, far, torn: false, limit: undefined };
    pairs.add(pair);
    forward(pair, near, far);
    forward(pair, far, near);
    near.once('close', () => {
      pairs.delete(pair);
      clearTimeout(pair.limit);
      far.destroy();
    });
    far.once('close', () => near.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `ws://127.0.0.1:${server.address().port}${pathname}`,
    get connections() {
      return [...pairs].filter((pair) => !pair.faulty);
    },
    /** Lets a connection fail. */
    fail(pair, fault) {
      pair.faulty = true;
      FAULTS[fault](pair);
    },
    async stop() {
      for (const pair of pairs) FAULTS.cut(pair);
      server.close();
      await once(server, 'close');
    },
  };
}

function forward(pair, from, to) {
  from.on('error', () => {});
  from.on('data', (bytes) => {
    if (!pair.torn) return void to.write(bytes);
    to.write(bytes.subarray(0, bytes.length / 2), () => FAULTS.cut(pair));
  });
  from.on('end', () => to.end());
}
