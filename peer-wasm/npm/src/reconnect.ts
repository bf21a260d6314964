import type { ReconnectPolicy } from '../index.js';
import { AuthError, PROTOCOL_VIOLATION, WampError, isRefusal } from './errors.js';

/** What says no for good, beside refusals: neither time nor another try changes it. */
const FINAL = /^wamp(\.error\.no_such_realm|\.close\.(killed|normal|logout)|lex\.error\.unsupported)$/;

const enum Limit {
  /** A session that lived as long, in milliseconds, was no accident: the next try after it comes soon. */
  Lasted = 5000,
}

/** When to try again, and how often. */
export class Backoff {
  /** Tries since the last session that lasted. */
  attempts = 0;
  /** When the last session was opened; 0 if there has been none. */
  #openedAt = 0;
  readonly #policy: ReconnectPolicy | false;

  constructor(policy: ReconnectPolicy | false = {}) {
    this.#policy = policy;
  }

  opened(): void {
    this.#openedAt = Date.now();
  }

  lost(): void {
    if (Date.now() - this.#openedAt > Limit.Lasted) this.attempts = 0;
  }

  /** Whether nobody has to be asked to know that `cause` is the end. */
  isFinal(cause: unknown): boolean {
    if (!this.#policy || this.#policy.retry) return !this.#policy;
    if (!(cause instanceof WampError)) return true;
    const joined = this.#openedAt > 0;
    // Credentials that could not be had just now: whoever asks for them may be offline, too.
    if (joined && cause instanceof AuthError && cause.cause && !(cause.cause instanceof WampError)) return false;
    return isRefusal(cause.uri) || FINAL.test(cause.uri) || (!joined && cause.uri === PROTOCOL_VIOLATION);
  }

  /** Milliseconds until the next try after what is not final, or nothing if there is none. */
  async next(cause: WampError): Promise<number | undefined> {
    const { initialDelay = 500, maxDelay = 30_000, factor = 2, jitter = 'full', maxAttempts = Infinity, retry }: ReconnectPolicy = this.#policy || {};
    if (++this.attempts > maxAttempts) return undefined;
    const verdict = await retry?.(cause, this.attempts);
    if (verdict === false) return undefined;
    if (typeof verdict === 'number') return verdict;
    const delay = Math.min(maxDelay, initialDelay * factor ** (this.attempts - 1));
    if (jitter === 'full') return delay * Math.random();
    return jitter === 'none' ? delay : delay * (1 + jitter * (2 * Math.random() - 1));
  }
}
