import { WampError, type Invocation } from 'wamplex';

type Args = readonly unknown[];

/** A procedure that the page can offer. */
export interface Procedure {
  /** The URI suggested for it. */
  readonly uri: string;
  /** Arguments to try it with, as JSON. */
  readonly example: string;
  readonly handle: (args: Args, invocation: Invocation, progress: (value: unknown) => Promise<void>) => unknown;
}

export type ProcedureKind = 'add' | 'echo' | 'count';

export const PROCEDURES: { readonly [kind in ProcedureKind]: Procedure } = {
  add: { uri: 'com.example.add2', example: '[2, 3]', handle: add },
  echo: { uri: 'com.example.echo', example: '["Is anybody there?"]', handle: echo },
  count: { uri: 'com.example.count', example: '[10]', handle: count },
};

const LONGEST_COUNT = 1000;
const STEP_MS = 300;

function add(args: Args): number {
  return args.reduce<number>((sum, arg) => {
    if (typeof arg !== 'number' && typeof arg !== 'bigint') throw invalid('all arguments are to be numbers');
    return sum + Number(arg);
  }, 0);
}

function echo(args: Args, { kwargs }: Invocation): unknown {
  if (Object.keys(kwargs).length > 0) return { args, kwargs };
  return args.length === 1 ? args[0] : args;
}

/** Counts up to its first argument, a step at a time, and tells each number on the way if the caller wants to know. */
async function count(args: Args, { signal }: Invocation, progress: (value: unknown) => Promise<void>): Promise<number> {
  const end = args.length === 0 ? 10 : Number(args[0]);
  if (!Number.isInteger(end) || end < 0 || end > LONGEST_COUNT) {
    throw invalid(`the first argument is to be a whole number from 0 to ${LONGEST_COUNT}`);
  }
  for (let step = 1; step <= end; step += 1) {
    await pause(STEP_MS, signal);
    await progress(step);
  }
  return end;
}

function invalid(message: string): WampError {
  return new WampError('wamp.error.invalid_argument', { message, args: [message] });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const canceled = (): void => {
      clearTimeout(timer);
      reject(new WampError('wamp.error.canceled'));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', canceled);
      resolve();
    }, ms);
    if (signal.aborted) canceled();
    else signal.addEventListener('abort', canceled, { once: true });
  });
}
