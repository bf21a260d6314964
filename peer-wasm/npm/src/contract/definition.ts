import type { StandardSchema } from '../../index.js';
import { ValidationError } from './error.js';
import { Template, type GivenParams } from './template.js';

// What is checked, in the words of the errors.
export const ARGUMENTS = 'the list of arguments';
export const KWARGS = 'the set of keyword arguments';
export const RESULT = 'the result';
export const KEYWORD_RESULTS = 'the set of keyword results';
export const PROGRESS = 'a progressive result';
export const DATA = 'the data';

export type Schema = StandardSchema<any, any>;
/** A value, or the promise of one. */
export type Later<T> = T | Promise<T>;

/** What `topic` makes. */
export interface TopicSchemas {
  readonly kind: 'topic';
  readonly data?: Schema | undefined;
  readonly kwargs?: Schema | undefined;
}

/** What `procedure` makes. */
export interface ProcedureSchemas {
  readonly kind: 'procedure';
  readonly input?: Schema | undefined;
  readonly kwargs?: Schema | undefined;
  readonly output?: Schema | undefined;
  readonly outputKwargs?: Schema | undefined;
  readonly partial?: Schema | undefined;
}

/** A topic or a procedure of a contract, under its URI. */
export class Definition<T> {
  readonly #uri: string;
  readonly #template: Template | undefined;

  constructor(uri: string, readonly schemas: T) {
    this.#uri = uri;
    this.#template = Template.of(uri);
  }

  /** The URI that goes over the wire, and the options without the parameters. */
  address<O extends { params?: GivenParams }>(given: O, pattern = false): { uri: string; options: Omit<O, 'params'> } {
    const { params, ...options } = given;
    if (!this.#template) return { uri: this.#uri, options };
    const { uri, wildcard } = this.#template.fill(params, pattern);
    return { uri, options: wildcard ? { ...options, match: 'wildcard' } : options };
  }

  params(uri: string): Record<string, string> {
    return this.#template?.read(uri) ?? {};
  }

  /** What the validator makes of a value: at once where it can. Throws a `ValidationError`. */
  judge(schema: Schema | undefined, value: unknown, what: string): any {
    if (!schema) return value;
    const verdict = (result: Awaited<ReturnType<Schema['~standard']['validate']>>) => {
      if (result.issues) throw new ValidationError(`${what} of ${this.#uri}`, result.issues);
      return result.value;
    };
    const result = schema['~standard'].validate(value);
    return 'then' in result ? Promise.resolve(result).then(verdict) : verdict(result);
  }
}

/** Two checks, the second after the first: at once where both can. */
export function both<A, B>(first: Later<A>, second: () => Later<B>): Later<[A, B]> {
  return after(first, (a) => after(second(), (b) => [a, b]));
}

/** Does something with what was checked. */
export function after<T, R>(checked: Later<T>, go: (checked: T) => Later<R>): Later<R> {
  return checked instanceof Promise ? checked.then(go) : go(checked);
}
