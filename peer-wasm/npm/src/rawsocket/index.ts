import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectEncrypted } from 'node:tls';
import type { WebSocketLike } from '../../index.js';
import type { RawSocketOptions } from '../../rawsocket.js';
import { RawSocket } from './socket.js';

/** By their number in the handshake. */
const SERIALIZERS = ['', 'wamp.2.json', 'wamp.2.msgpack', 'wamp.2.cbor'];
const REFUSALS = ['', 'serializer unsupported', 'maximum message length unacceptable', 'reserved bits in use', 'too many connections'];
const MAGIC = 0x7f;
const UNSUPPORTED = 1;
/** 16 MiB: the longest there is. */
const LONGEST = 0xf;

/** Makes what the client takes for a WebSocket. */
export function rawSocket(options: RawSocketOptions = {}): (url: string, protocols: string[]) => Promise<WebSocketLike> {
  return async (url, protocols) => {
    const known = protocols.filter((protocol) => SERIALIZERS.includes(protocol));
    for (const protocol of known) {
      const socket = await open(new URL(url), options);
      const answer = await shake(socket, SERIALIZERS.indexOf(protocol));
      if (answer.accepted) return new RawSocket(socket, protocol, answer.longest, answer.rest);
      socket.destroy();
      if (answer.refusal !== UNSUPPORTED) throw new Error(`the router refused the handshake: ${REFUSALS[answer.refusal] ?? answer.refusal}`);
    }
    throw new Error('the router supports none of the serializers');
  };
}

function open(url: URL, { tls, timeout = 10_000 }: RawSocketOptions): Promise<Socket> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port);
  const [socket, ready] = ((): [Socket, string] => {
    switch (url.protocol) {
      case 'unix:':
        return [connectPlain({ path: decodeURIComponent(url.pathname) }), 'connect'];
      case 'tcp:':
        return [connectPlain({ host, port }), 'connect'];
      case 'tls:':
        return [connectEncrypted({ host, port, servername: host, ...tls }), 'secureConnect'];
      default:
        throw new TypeError(`RawSocket needs a URL that begins with tcp:, tls: or unix:, not '${url.href}'`);
    }
  })();
  socket.setNoDelay(true);
  return new Promise((resolve, reject) => {
    socket.setTimeout(timeout, () => socket.destroy(new Error(`no connection within ${timeout} ms`)));
    socket.once('error', reject);
    socket.once(ready, () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

interface Answer {
  accepted: boolean;
  /** The longest message that the router takes, in bytes. */
  longest: number;
  refusal: number;
  /** What came after it. */
  rest: Buffer;
}

function shake(socket: Socket, serializer: number): Promise<Answer> {
  socket.write(Uint8Array.of(MAGIC, (LONGEST << 4) | serializer, 0, 0));
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const ended = () => reject(new Error('the connection ended before the handshake did'));
    const read = (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      if (received.length < 4) return;
      // Nothing may be lost until the client listens.
      socket.pause();
      socket.setTimeout(0);
      socket.off('data', read).off('error', reject).off('close', ended);
      const [magic, answer = 0] = received;
      if (magic !== MAGIC) return reject(new Error('this is not RawSocket'));
      const accepted = (answer & 0xf) === serializer;
      resolve({ accepted, longest: 2 ** (9 + (answer >> 4)), refusal: answer >> 4, rest: received.subarray(4) });
    };
    socket.on('data', read).on('error', reject).on('close', ended);
  });
}
