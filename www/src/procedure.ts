import { WampError, type Invocation, type Payload } from 'wamplex';

type Progress = (value: unknown) => Promise<void>;

/** A procedure that the page can offer. */
export interface Procedure {
  /** The URI suggested for it. */
  readonly uri: string;
  /** Arguments to try it with, as JSON. */
  readonly example: string;
  readonly handle: (invocation: Invocation, progress: Progress) => Payload | Promise<Payload>;
}

export type ProcedureKind = 'add' | 'echo' | 'count';

export const PROCEDURES: { readonly [kind in ProcedureKind]: Procedure } = {
  add: { uri: 'com.example.add2', example: '[2, 3]', handle: add },
  echo: { uri: 'com.example.echo', example: '["Is anybody there?"]', handle: echo },
  count: { uri: 'com.example.count', example: '[10]', handle: count },
};

const LONGEST_COUNT = 1000;
const STEP_MS = 300;

/** Adds exactly where all arguments are integers and one of them is too large for a number. */
function add({ args }: Invocation): Payload {
  const numbers: readonly unknown[] = args;
  if (!numbers.every((arg) => typeof arg === 'number' || typeof arg === 'bigint')) {
    throw invalid('all arguments are to be numbers');
  }
  const exact = numbers.some((arg) => typeof arg === 'bigint') && numbers.every((arg) => typeof arg === 'bigint' || Number.isInteger(arg));
  if (exact) return { args: [numbers.reduce((sum: bigint, arg) => sum + BigInt(arg), 0n)] };
  return { args: [numbers.reduce((sum: number, arg) => sum + Number(arg), 0)] };
}

function echo({ args, kwargs }: Invocation): Payload {
  return { args, kwargs };
}

/** Counts up to its first argument, a step at a time, and tells each number on the way if the caller wants to know. */
async function count({ args, signal }: Invocation, progress: Progress): Promise<Payload> {
  const end: unknown = args.length === 0 ? 10 : args[0];
  if (typeof end !== 'number' || !Number.isInteger(end) || end < 0 || end > LONGEST_COUNT) {
    throw invalid(`the first argument is to be a whole number from 0 to ${LONGEST_COUNT}`);
  }
  for (let step = 1; step <= end; step += 1) {
    await pause(STEP_MS, signal);
    await progress(step);
  }
  return { args: [end] };
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
