import { alarm } from './alarm.js';
import type { Connection } from './connection.js';
import { Code } from './core.js';
import { networkFailure } from './errors.js';

/** Cheap for every router; one that does not know it answers as well. */
const QUESTION = 'wamp.session.count';

/**
 * Notices connections that died without a word: pages cannot send the pings of WebSocket. The returned function asks for a sign
 * of life now; whatever arrives is one.
 */
export function heartbeat(connection: Connection, { interval = 20_000, timeout = 10_000 }: { interval?: number; timeout?: number }): () => void {
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
    // A session that is being left needs no question, and takes none.
    if (asking || !connection.isOpen) return;
    asking = true;
    const half = timeout / 2;
    // A program that was busy is told late of the first half, and reads in the second what has arrived meanwhile.
    listen(half, () => listen(half, () => connection.drop(networkFailure(`the router was silent for ${timeout} ms`))));
    const answered = () => connection.isOpen && rest();
    connection.request(Code.Call, [{}, QUESTION], { resolve: answered, reject: answered });
  };
  rest();
  void connection.gone.then(() => cancel!());
  return ask;
}
