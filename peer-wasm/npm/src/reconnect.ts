import type { ReconnectPolicy } from '../index.js';
import { AuthError, PROTOCOL_VIOLATION, WampError, isRefusal } from './errors.js';

/** What says no for good, beside refusals: neither time nor another try changes it. */
const FINAL = /^wamp(\.error\.no_such_realm|\.close\.(killed|normal|logout)|lex\.error\.unsupported)$/;

/** When to try again, and how often. */
export class Backoff {
  /** Tries since the last session that lasted. */
  attempts = 0;
  readonly #policy: ReconnectPolicy | false;

  constructor(policy: ReconnectPolicy | false = {}) {
    this.#policy = policy;
  }

  /** Whether nobody has to be asked to know that `cause` is the end. `joined`: there has been a session before. */
  isFinal(cause: unknown, joined: boolean): boolean {
    if (!this.#policy) return true;
    return !this.#policy.retry && isFinal(cause, joined);
  }

  /** Milliseconds until the next try after what is not final, or nothing if there is none. */
  async next(cause: WampError): Promise<number | undefined> {
    const policy = this.#policy || {};
    if (++this.attempts > (policy.maxAttempts ?? Infinity)) return undefined;
    const verdict = await policy.retry?.(cause, this.attempts);
    if (verdict === false) return undefined;
    return typeof verdict === 'number' ? verdict : this.#delay(policy);
  }

  #delay({ initialDelay = 500, maxDelay = 30_000, factor = 2, jitter = 'full' }: ReconnectPolicy): number {
    const delay = Math.min(maxDelay, initialDelay * factor ** (this.attempts - 1));
    if (jitter === 'full') return delay * Math.random();
    return jitter === 'none' ? delay : delay * (1 + jitter * (2 * Math.random() - 1));
  }
}

function isFinal(cause: unknown, joined: boolean): boolean {
  if (!(cause instanceof WampError)) return true;
  // Credentials that could not be had just now: whoever asks for them may be offline, too.
  if (joined && cause instanceof AuthError && cause.cause && !(cause.cause instanceof WampError)) return false;
  return isRefusal(cause.uri) || FINAL.test(cause.uri) || (!joined && cause.uri === PROTOCOL_VIOLATION);
}
