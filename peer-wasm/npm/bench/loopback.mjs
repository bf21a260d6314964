// A router in the same thread, as a WebSocket without a network: what the clients themselves cost.
import { SUBSCRIPTION } from './payloads.mjs';

const ROLES = {
  broker: { features: { publisher_exclusion: true } },
  dealer: { features: { call_canceling: true, progressive_call_results: true } },
};
const WELCOME = [2, 4711, { roles: ROLES, authid: 'a', authrole: 'r', authmethod: 'anonymous' }];

/**
 * Makes sockets of one router. It answers what opens a session, SUBSCRIBE and REGISTER, and gives all else to `sent`,
 * bytes or text as they are.
 */
export function loopback({ encode, decode, subprotocol }) {
  const router = {
    socket: undefined,
    sent: () => {},
    open(_, protocols) {
      router.socket = new Loopback(router, [protocols].flat().includes(subprotocol) ? subprotocol : '');
      return router.socket;
    },
    /** What the client is told next, as a frame. */
    deliver: (frame) => router.socket.onmessage({ data: frame, type: 'message' }),
    received(frame) {
      if (router.socket.ready) return router.sent(frame);
      const [code, request] = decode(frame);
      const answer = { 1: WELCOME, 32: [33, request, SUBSCRIPTION], 64: [65, request, SUBSCRIPTION], 6: [6, {}, 'wamp.close.goodbye_and_out'] }[code];
      if (answer) setTimeout(() => router.deliver(encode(answer)), 0);
    },
    /** The session is set up: from now on only `sent` is called. */
    ready(sent) {
      router.sent = sent;
      router.socket.ready = true;
    },
  };
  return router;
}

class Loopback {
  ready = false;
  readyState = 0;
  bufferedAmount = 0;
  binaryType = 'arraybuffer';
  onopen = null;
  onmessage = null;
  onclose = null;
  onerror = null;

  constructor(router, protocol) {
    this.router = router;
    this.protocol = protocol;
    setTimeout(() => {
      this.readyState = 1;
      this.onopen?.({ type: 'open' });
    }, 0);
  }

  send(frame) {
    this.router.received(frame);
  }

  close(code = 1000, reason = '') {
    this.readyState = 3;
    setTimeout(() => this.onclose?.({ type: 'close', code, reason, wasClean: true }), 0);
  }
}
