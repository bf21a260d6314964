import type { ReconnectPolicy } from '../index.js';
import { AuthError, PROTOCOL_VIOLATION, WampError, isRefusal } from './errors.js';

/** What says no for good, beside refusals: neither time nor another try changes it. */
const FINAL = /^wamp(\.error\.no_such_realm|\.close\.(killed|normal|logout)|lex\.error\.unsupported)$/;

/** When to try again, and how often. */
export class Backoff {
  /** Tries since the last session that lasted. */
  attempts = 0;
  readonly #policy: ReconnectPolicy;

  constructor(policy: ReconnectPolicy = {}) {
    this.#policy = policy;
  }

  /** Whether nobody has to be asked to know that `cause` is the end. `joined`: there has been a session before. */
  isFinal(cause: unknown, joined: boolean): boolean {
    return !this.#policy.retry && isFinal(cause, joined);
  }

  /** Milliseconds until the next try, or nothing if there is none. */
  async next(cause: WampError, joined: boolean): Promise<number | undefined> {
    const { maxAttempts = Infinity, retry } = this.#policy;
    if (++this.attempts > maxAttempts) return undefined;
    const verdict = retry ? await retry(cause, this.attempts) : !isFinal(cause, joined);
    if (verdict === false) return undefined;
    return typeof verdict === 'number' ? verdict : this.#delay();
  }

  #delay(): number {
    const { initialDelay = 500, maxDelay = 30_000, factor = 2, jitter = 'full' } = this.#policy;
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
