import type { Issue } from '../../index.js';
import { WampError } from '../errors.js';

/** A value that does not fit the contract. Thrown in a callee, it tells the caller what was wrong. */
export class ValidationError extends WampError {
  override readonly name: string = 'ValidationError';
  readonly issues: readonly Issue[];

  /** `what` says what the validator was given. */
  constructor(what: string, issues: readonly Issue[]) {
    const told = issues.map(({ message, path = [] }) => ({ message, path: path.map(keyOf) }));
    const texts = told.map(({ message, path }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message));
    const message = `${what} does not fit the contract: ${texts.join('; ')}`;
    super('wamp.error.invalid_argument', { message, args: [message], kwargs: { issues: told } });
    this.issues = issues;
  }
}

/** A step of a path as it can be sent. */
function keyOf(step: PropertyKey | { readonly key: PropertyKey }): string | number {
  const key = typeof step === 'object' ? step.key : step;
  return typeof key === 'number' ? key : String(key);
}
