import type { Handler, Invocation, Kwargs, RawResult } from '../../index.js';
import { isGenerator } from '../serve/generator.js';
import {
  ARGUMENTS, KEYWORD_RESULTS, KWARGS, PROGRESS, RESULT, both, type Definition, type ProcedureSchemas,
} from './definition.js';
import { Queue } from './queue.js';

export function isUnchecked({ input, kwargs, output, outputKwargs, partial }: ProcedureSchemas): boolean {
  return !(input || kwargs || output || outputKwargs || partial);
}

/** The handler behind the checks: of the arguments before it runs, then of what it answers. */
export function serving(known: Definition<ProcedureSchemas>, handler: Handler): Handler {
  const { input, kwargs, output, outputKwargs, partial } = known.schemas;
  if (isUnchecked(known.schemas)) {
    return (args, invocation) => handler(args, having(invocation, { params: known.params(invocation.procedure) }));
  }
  const queue = new Queue();
  return async function* (given: readonly unknown[], invocation: Invocation) {
    const raws = new WeakSet<RawResult>();
    const { progress, result } = invocation;
    const raw = (value: unknown) => (raws.has(value as RawResult) ? (value as RawResult) : undefined);
    const first = (value: unknown) => (raw(value) ?? { args: [value] }).args[0];
    // Answers go in the order in which they were given.
    const answers = new Queue();
    const progressing = <T>(value: unknown, go: () => T) => answers.after(ours(() => known.judge(partial, first(value), PROGRESS)), go);
    const more: Partial<Invocation> = {
      params: known.params(invocation.procedure),
      progress: async (value, extra) => progressing(value, () => progress(value, extra)),
      result: (payload) => {
        const made = result(payload);
        raws.add(made);
        return made;
      },
    };
    // Calls begin in the order in which they arrived. In an object, because they run side by side.
    const begin = ([args, named]: [readonly unknown[], Kwargs]) => ({
      returned: handler(args, having(invocation, { args, kwargs: named, ...more })),
    });
    const checked = both(known.judge(input, given, ARGUMENTS), () => known.judge(kwargs, invocation.kwargs, KWARGS));
    const { returned } = await queue.after(checked, begin);
    const value = isGenerator(returned) ? yield* each(returned, (value) => progressing(value, () => {})) : await returned;
    const right = () => both(known.judge(output, first(value), RESULT), () => known.judge(outputKwargs, raw(value)?.kwargs ?? {}, KEYWORD_RESULTS));
    return answers.after(ours(right), () => value);
  };
}

/** The invocation, with other properties. */
function having(invocation: Invocation, properties: Partial<Invocation>): Invocation {
  return Object.defineProperties(invocation, Object.getOwnPropertyDescriptors(properties));
}

async function* each(generator: AsyncGenerator<unknown, unknown, void>, check: (value: unknown) => unknown): AsyncGenerator<unknown, unknown, void> {
  let finished = false;
  try {
    for (;;) {
      const { done, value } = await generator.next();
      if (done) {
        finished = true;
        return value;
      }
      await check(value);
      yield value;
    }
  } finally {
    // Given up from outside, or by the check.
    if (!finished) await generator.return(undefined);
  }
}

/** What the callee itself does wrong is no fault of the caller's arguments. */
async function ours(check: () => unknown): Promise<void> {
  try {
    await check();
  } catch (cause) {
    throw new TypeError((cause as Error).message, { cause });
  }
}
