import type { StandardSchema } from '../../index.js';
import { ValidationError } from './error.js';
import { Template, type GivenParams } from './template.js';

// What is checked, in the words of the errors.
export const ARGUMENTS = 'the list of arguments';
export const RESULT = 'the result';
export const PROGRESS = 'a progressive result';
export const DATA = 'the data';

type Schema = StandardSchema<any, any>;

/** What `topic` makes. */
export interface TopicSchemas {
  readonly kind: 'topic';
  readonly data?: Schema | undefined;
}

/** What `procedure` makes. */
export interface ProcedureSchemas {
  readonly kind: 'procedure';
  readonly input?: Schema | undefined;
  readonly output?: Schema | undefined;
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
  check(schema: Schema | undefined, value: unknown, what: string): any {
    if (!schema) return value;
    const judge = (result: Awaited<ReturnType<Schema['~standard']['validate']>>) => {
      if (result.issues) throw new ValidationError(`${what} of ${this.#uri}`, result.issues);
      return result.value;
    };
    const result = schema['~standard'].validate(value);
    return result instanceof Promise ? result.then(judge) : judge(result);
  }
}
