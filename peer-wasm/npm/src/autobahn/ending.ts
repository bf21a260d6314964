import { ConnectionLostError, TimeoutError, WampError } from 'wamplex';
import type { Ending } from './transport.js';

/** The router, or the application, has ended the session with a reason. */
export interface Farewell {
  readonly uri: string;
  readonly details: Record<string, any>;
}

const OUR_GOODBYE = 'wamp.close.goodbye_and_out';
const FAILURES = ['wamp.error.network_failure', 'wamp.error.protocol_violation', 'wamp.error.timeout'];

/** What the end of a client means to a session; `wanted`: of its transport, not of the session. */
export function ending(cause: unknown, wanted: boolean): Farewell | Ending {
  const error = cause instanceof WampError ? cause : undefined;
  if (wanted) return { wasClean: true, cause: error };
  if (!error) return { uri: OUR_GOODBYE, details: {} };
  if (!(error instanceof TimeoutError) && !FAILURES.includes(error.uri)) {
    return { uri: error.uri, details: { message: error.args[0] ?? '', ...error.details } };
  }
  return { wasClean: !isBroken(error), cause: error };
}

/** Whether nobody has said that the connection ends. */
function isBroken(error: WampError): boolean {
  return error instanceof ConnectionLostError && (error.details['code'] ?? 1006) === 1006;
}
