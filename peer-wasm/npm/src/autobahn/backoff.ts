import { rand_normal } from './util.js';

export interface RetryOptions {
  max_retries?: number;
  initial_retry_delay?: number;
  max_retry_delay?: number;
  retry_delay_growth?: number;
  retry_delay_jitter?: number;
}

/** What comes next: `null` where there will be no further attempt. */
export interface NextRetry {
  readonly retry_delay: number | null;
  readonly retry_count: number | null;
  readonly will_retry: boolean;
}

export const NO_RETRY: NextRetry = Object.freeze({ retry_delay: null, retry_count: null, will_retry: false });

/** How long to wait before each attempt, in seconds, and how often. */
export class Backoff {
  readonly #options: Required<RetryOptions>;
  #count = 0;
  #delay = 0;

  constructor({
    max_retries = 15, initial_retry_delay = 1.5, max_retry_delay = 300, retry_delay_growth = 1.5, retry_delay_jitter = 0.1,
  }: RetryOptions) {
    this.#options = { max_retries, initial_retry_delay, max_retry_delay, retry_delay_growth, retry_delay_jitter };
    this.reset();
  }

  /** After a success. */
  reset(): void {
    this.#count = 0;
    this.#delay = this.#options.initial_retry_delay;
  }

  /** After a failure. */
  next(): NextRetry {
    const { max_retries, max_retry_delay, retry_delay_growth, retry_delay_jitter } = this.#options;
    if (max_retries !== -1 && this.#count >= max_retries) return NO_RETRY;
    const jittered = retry_delay_jitter ? rand_normal(this.#delay, this.#delay * retry_delay_jitter || 1e-9) : this.#delay;
    const retry_delay = Math.max(0, Math.min(jittered, max_retry_delay));
    this.#delay = retry_delay * (retry_delay_growth || 1);
    return { retry_delay, retry_count: ++this.#count, will_retry: true };
  }
}
