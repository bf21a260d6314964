import { alarm } from './alarm.js';
import type { Connection } from './connection.js';
import { Code } from './core.js';
import { networkFailure } from './errors.js';

/** Cheap for every router; one that does not know it answers as well. */
const QUESTION = 'wamp.session.count';

export interface Heartbeat {
  /** Asks for a sign of life now. Whatever arrives is one. */
  ask(): void;
  stop(): void;
}

/** Notices connections that died without a word: pages cannot send the pings of WebSocket. */
export function heartbeat(connection: Connection, { interval = 20_000, timeout = 10_000 }: { interval?: number; timeout?: number }): Heartbeat {
  let cancel: (() => void) | undefined;
  let asking = false;
  const listen = (milliseconds: number, silent: () => void) => {
    cancel?.();
    connection.heard = false;
    cancel = alarm(milliseconds, () => (connection.heard ? rest() : silent()));
  };
  const rest = () => {
    asking = false;
    listen(interval, ask);
  };
  const ask = () => {
    if (asking) return;
    asking = true;
    listen(timeout, () => connection.drop(networkFailure(`the router was silent for ${timeout} ms`)));
    const answered = () => connection.isOpen && rest();
    connection.request(Code.Call, [{}, QUESTION], { resolve: answered, reject: answered });
  };
  rest();
  return {
    ask,
    stop() {
      cancel!();
      asking = true;
    },
  };
}
