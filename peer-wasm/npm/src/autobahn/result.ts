import type { Kwargs } from '../../index.js';

/** A result with several positional values, or with named ones. */
export class Result {
  readonly args: readonly any[];
  readonly kwargs: Kwargs;

  constructor(args?: readonly unknown[] | null, kwargs?: Kwargs | null) {
    this.args = args ?? [];
    this.kwargs = kwargs ?? {};
  }
}

/** What a call resolves to: nothing is `null`, one positional value is that value, anything more a `Result`. */
export function unwrapped(args: readonly unknown[], kwargs: Kwargs): unknown {
  if (args.length > 1 || Object.keys(kwargs).length > 0) return new Result(args, kwargs);
  return args.length > 0 ? args[0] : null;
}
