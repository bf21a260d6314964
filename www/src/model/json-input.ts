/** What a visitor typed into a JSON field: a value, or a sentence that says what is wrong with it. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly sentence: string };

/** Reads positional arguments. An empty field means no arguments. */
export function parseArgs(text: string): Parsed<readonly unknown[]> {
  const parsed = parse(text, []);
  if (!parsed.ok) return parsed;
  if (Array.isArray(parsed.value)) return { ok: true, value: parsed.value };
  return {
    ok: false,
    sentence: `Arguments are a JSON array, such as [1, "two"]. This is ${kindOf(parsed.value)}: put it in square brackets.`,
  };
}

/** Reads keyword arguments. An empty field means no keyword arguments. */
export function parseKwargs(text: string): Parsed<Record<string, unknown>> {
  const parsed = parse(text, {});
  if (!parsed.ok) return parsed;
  if (isRecord(parsed.value)) return { ok: true, value: parsed.value };
  return {
    ok: false,
    sentence: `Keyword arguments are a JSON object, such as {"name": "value"}. This is ${kindOf(parsed.value)}.`,
  };
}

function parse(text: string, empty: unknown): Parsed<unknown> {
  if (text.trim() === '') return { ok: true, value: empty };
  try {
    return { ok: true, value: JSON.parse(text, keepLargeIntegers) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, sentence: `This is not JSON: ${reason}.` };
  }
}

/**
 * Turns integers that a JavaScript number cannot hold into BigInt, in browsers that show a reviver the source text;
 * elsewhere they stay rounded, as `JSON.parse` leaves them.
 */
function keepLargeIntegers(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined) return value;
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
