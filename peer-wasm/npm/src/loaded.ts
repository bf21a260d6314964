import { networkFailure } from './errors.js';

/** What is loaded because it is needed now; `name` says what, if it cannot be. */
export function loaded<T>(name: string, part: Promise<T>): Promise<T> {
  return part.catch((cause) => {
    throw networkFailure(`cannot load ${name}: ${cause.message}`, { cause });
  });
}
