import type { Payload } from '../../index.js';

/** Writes messages one behind the other, as they stand in a batch or by themselves. */
export interface Encoder {
  /** How much is written and not taken: bytes, or UTF-16 units of JSON. */
  readonly size: number;
  write(message: unknown): void;
  /** The message that was written last, behind the first `size`. Valid until the next call. */
  last(size: number): string | Uint8Array;
  /** Takes the first `size` of what is written. */
  take(size: number): string | Uint8Array;
  /** Forgets what was written behind the first `size`. */
  cut(size: number): void;
}

/** Arguments as elements of a message. */
export function elements({ args, kwargs }: Payload): unknown[] {
  // A router would end the session.
  if (args && !Array.isArray(args)) throw new TypeError('positional arguments must be a list');
  if (kwargs && (typeof kwargs !== 'object' || Array.isArray(kwargs))) throw new TypeError('named arguments must be an object');
  for (const key in kwargs) if (kwargs[key] !== undefined) return [args ?? [], kwargs];
  return args && args.length > 0 ? [args] : [];
}
