import type { Kwargs, Payload, SubscribeOptions } from '../index.js';

// ---- validators ----------------------------------------------------------------

/** What a validator has against a value. */
export interface Issue {
  /** What is wrong, in words. */
  readonly message: string;
  /** Where in the value; the whole of it if missing. */
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined;
}
type Validated<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: ReadonlyArray<Issue> };
/** A validator as zod, valibot, arktype and others make them: Standard Schema, version 1 (https://standardschema.dev). */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    /** Judges a value: `value` is what it makes of it, `issues` what it has against it. */
    readonly validate: (value: unknown) => Validated<Output> | Promise<Validated<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}
type AnySchema = StandardSchema<any, any>;
type ListSchema = StandardSchema<readonly unknown[], readonly unknown[]>;
type NamedSchema = StandardSchema<object, object>;
type InputOf<S extends AnySchema> = NonNullable<S['~standard']['types']>['input'];
type OutputOf<S extends AnySchema> = NonNullable<S['~standard']['types']>['output'];

// ---- definitions -----------------------------------------------------------------

/** Where definitions keep their types; nothing is there at run time. */
declare const types: unique symbol;
declare const defined: unique symbol;

/**
 * What is published to a topic: `Data` as subscribers get it, `Sent` as publishers give it, and so the keyword arguments, `Named`
 * and `NamedSent`.
 */
export interface TopicDefinition<Data = any, Sent = Data, Named = Kwargs, NamedSent = Named> {
  readonly kind: 'topic';
  readonly [types]?: { readonly data: Data; readonly sent: Sent; readonly kwargs: Named; readonly kwargsSent: NamedSent };
}

/**
 * A procedure: arguments as the callee gets them, the result and the progressive results as the caller gets them, and
 * each as the other side gives it. `Named` are the keyword arguments, `ResultNamed` the keyword results.
 */
export interface ProcedureDefinition<
  Args = any, Result = any, Progress = never, ArgsSent = Args, ResultSent = Result, ProgressSent = Progress,
  Named = Kwargs, NamedSent = Named, ResultNamed = Kwargs, ResultNamedSent = ResultNamed,
> {
  readonly kind: 'procedure';
  readonly [types]?: {
    readonly args: Args; readonly result: Result; readonly progress: Progress;
    readonly argsSent: ArgsSent; readonly resultSent: ResultSent; readonly progressSent: ProgressSent;
    readonly kwargs: Named; readonly kwargsSent: NamedSent; readonly resultKwargs: ResultNamed; readonly resultKwargsSent: ResultNamedSent;
  };
  /** The same procedure with progressive results, by their type. */
  progress<P>(): ProcedureDefinition<Args, Result, P, ArgsSent, ResultSent, P, Named, NamedSent, ResultNamed, ResultNamedSent>;
  /** The same procedure with progressive results, by their validator. */
  progress<S extends AnySchema>(
    schema: S,
  ): ProcedureDefinition<Args, Result, OutputOf<S>, ArgsSent, ResultSent, InputOf<S>, Named, NamedSent, ResultNamed, ResultNamedSent>;
}

type AnyTopic = TopicDefinition<any, any, any, any>;
type AnyProcedure = ProcedureDefinition<any, any, any, any, any, any, any, any, any, any>;
/** Topics and procedures by their URIs, which may be templates such as `com.chat.{room}`. */
export interface Definitions {
  readonly [uri: string]: AnyTopic | AnyProcedure;
}
/** What `defineContract` makes. */
export type Contract<C extends Definitions = Definitions> = C & { readonly [defined]: true };
/** The option that gives a client its contract. */
export interface ContractOption<C extends Definitions> {
  /** Which topics and procedures there are, and of what types: see `defineContract`. */
  contract?: Contract<C>;
}
/** Of a client without a contract: every URI, and whatever arguments. */
export interface Untyped {
  readonly [uri: string]: any;
}

/**
 * Names the topics and procedures of an application with their types.
 *
 * With types alone nothing is checked while the program runs. With validators everything is, at both ends: who sends
 * has it checked and sends what was given, who receives gets what the validator makes of it (defaults filled in,
 * values transformed). In detail:
 *
 * - `call`, `stream`: the arguments before they are sent, and the results: a `ValidationError` rejects the call.
 * - `register`: the arguments before the handler runs: the caller gets `wamp.error.invalid_argument`, with the issues in
 *   `kwargs.issues`. And what the handler returns and yields: the caller gets `wamp.error.runtime_error`, and the
 *   client's `error` event tells `where: 'handler'`.
 * - `publish`: the data before it is sent: a `ValidationError` rejects it.
 * - `subscribe`, `events`: the data before it is delivered. What does not fit is not delivered; the client's `error`
 *   event tells it, with `where: 'contract'`.
 *
 * Keyword arguments and keyword results are checked with the positional ones where the contract has a validator for them (`kwargs`,
 * `outputKwargs`), who gives none as if there were an empty object; where it has none, they pass as they are.
 *
 * Validators that take their time are waited for, and what comes later waits with them: the order of messages stays. Never checked:
 * `callRaw`, positional arguments after the data of an event, positional results after the first, what progressive results carry beside
 * their value, later chunks of input, and URIs that the contract does not name.
 *
 * ```ts
 * const api = defineContract({
 *   'com.example.add2': procedure<[a: number, b: number], number>(),
 *   'com.example.search': procedure({ input: z.tuple([z.string()]), output: z.array(z.number()) }).progress<number>(),
 *   'com.example.chat.{room}': topic(z.object({ from: z.string(), text: z.string() })),
 *   'com.example.list': procedure({ kwargs: z.object({ limit: z.number().default(10) }), output: z.array(z.string()) }),
 * });
 * const client = await connect(url, { realm: 'realm1', contract: api });
 * const names = await client.call('com.example.list', [], { kwargs: { limit: 3 } });
 * ```
 */
export declare function defineContract<const C extends Definitions>(definitions: C): Contract<C>;
/** A topic by the type of its data, the first positional argument, and of its keyword arguments. */
export declare function topic<Data, Named extends object = Kwargs>(): TopicDefinition<Data, Data, Named>;
/** A topic by the validator of its data, the first positional argument. Throws a `TypeError` for what is none. */
export declare function topic<S extends AnySchema>(schema: S): TopicDefinition<OutputOf<S>, InputOf<S>>;
/**
 * A topic by validators of its data, the first positional argument, and of its keyword arguments. Throws a `TypeError` for what is
 * none.
 *
 * ```ts
 * const api = defineContract({
 *   'com.example.price': topic({ data: z.number(), kwargs: z.object({ currency: z.string().default('EUR') }) }),
 * });
 * const client = await connect(url, { realm: 'realm1', contract: api });
 * await client.subscribe('com.example.price', ({ data, kwargs }) => console.log(data, kwargs.currency));
 * await client.publish('com.example.price', 7, { kwargs: { currency: 'CHF' } });
 * ```
 */
export declare function topic<S extends AnySchema = AnySchema, N extends NamedSchema = StandardSchema<Kwargs>>(
  schemas: { data?: S; kwargs?: N },
): TopicDefinition<OutputOf<S>, InputOf<S>, OutputOf<N>, InputOf<N>>;
/**
 * A procedure by the types of its positional arguments, of its result, the first positional one, of its keyword arguments, and of its
 * keyword results.
 */
export declare function procedure<
  Args extends readonly unknown[], Result = any, Named extends object = Kwargs, ResultNamed extends object = Kwargs,
>(): ProcedureDefinition<Args, Result, never, Args, Result, never, Named, Named, ResultNamed>;
/**
 * A procedure by validators: `input` of the list of its positional arguments, `kwargs` of its keyword arguments, `output` of its
 * result, the first positional one, `outputKwargs` of its keyword results, which `CallStream.raw` has. Throws a `TypeError` for what
 * is no validator.
 */
export declare function procedure<
  I extends ListSchema = StandardSchema<readonly unknown[], any>, O extends AnySchema = AnySchema,
  N extends NamedSchema = StandardSchema<Kwargs>, R extends NamedSchema = StandardSchema<Kwargs>,
>(
  schemas: { input?: I; output?: O; kwargs?: N; outputKwargs?: R },
): ProcedureDefinition<OutputOf<I>, OutputOf<O>, never, InputOf<I>, InputOf<O>, never, OutputOf<N>, InputOf<N>, OutputOf<R>, InputOf<R>>;

// ---- what a contract says ------------------------------------------------------------

/** The URIs that can be published to and subscribed to. */
export type TopicUri<C> = { [K in keyof C & string]: C[K] extends AnyTopic ? K : never }[keyof C & string];
/** The URIs that can be called and registered. */
export type ProcedureUri<C> = {
  [K in keyof C & string]: C[K] extends AnyProcedure ? K : never;
}[keyof C & string];

/** The types that a definition keeps. */
export interface Kept {
  readonly data: any; readonly sent: any;
  readonly args: any; readonly result: any; readonly progress: any;
  readonly argsSent: readonly unknown[]; readonly resultSent: any; readonly progressSent: any;
  readonly kwargs: any; readonly kwargsSent: any; readonly resultKwargs: any; readonly resultKwargsSent: any;
}
/** One of the types that a definition of a contract keeps. */
export type TypeOf<C, K extends keyof C, Name extends keyof Kept> = string extends keyof C
  ? Kept[Name]
  : C[K] extends { readonly [types]?: infer T } ? NonNullable<T> extends { readonly [N in Name]: infer V } ? V : never : never;

type ParamNames<U extends string> = U extends `${string}{${infer Name}}${infer Rest}` ? Name | ParamNames<Rest> : never;
/** The parameters of a template: `com.chat.{room}` has `{ room: string }`. Of URIs that are unknown: any. */
export type Params<U extends string> = string extends U ? Readonly<Record<string, string>> : { readonly [K in ParamNames<U>]: string };
/** Parameters as they are given; one component of the URI each. */
export type ParamValues<U extends string> = { readonly [K in ParamNames<U>]: string | number };

/** `Options`, with the parameters where there are any. */
export type Concrete<C, U extends string, Options> = HasParams<C, U> extends true ? Options & { params: ParamValues<U> } : Options;
/** As `Concrete`, where `'*'` stands for all of the parameters, or for whatever one of them may be. */
export type Pattern<C, U extends string, Options> = HasParams<C, U> extends true ? Options & { params: ParamValues<U> | '*' } : Options;
/** Whether there is something to fill in. */
export type HasParams<C, U extends string> = string extends keyof C ? false : [U] extends [`${string}{${string}}${string}`] ? true : false;
/** Whether there are keyword arguments that have to be given. */
type NeedsKwargs<C, K extends keyof C> = string extends keyof C ? false : {} extends TypeOf<C, K, 'kwargsSent'> ? false : true;
/** Whether options cannot be left out. */
export type NeedsOptions<C, K extends keyof C & string> = HasParams<C, K> extends true ? true : NeedsKwargs<C, K>;
/** `Options`, with the keyword arguments of the contract. */
export type Named<C, K extends keyof C, Options> = string extends keyof C
  ? Options
  : NeedsKwargs<C, K> extends true
    ? Omit<Options, 'kwargs'> & { kwargs: TypeOf<C, K, 'kwargsSent'> }
    : MayName<C, K, Options>;
/** As `Named`, where the keyword arguments may be given elsewhere. */
export type MayName<C, K extends keyof C, Options> = string extends keyof C
  ? Options
  : Omit<Options, 'kwargs'> & { kwargs?: TypeOf<C, K, 'kwargsSent'> };
/** What `Invocation.result` takes. */
export type Results<C, K extends keyof C> = string extends keyof C
  ? Payload
  : {} extends TypeOf<C, K, 'resultKwargsSent'>
    ? Omit<Payload, 'kwargs'> & { readonly kwargs?: TypeOf<C, K, 'resultKwargsSent'> }
    : Omit<Payload, 'kwargs'> & { readonly kwargs: TypeOf<C, K, 'resultKwargsSent'> };

/** The parameters as events and invocations tell them. */
export type ParamsIn<C, U extends string> = string extends keyof C ? Readonly<Record<string, string>> : Params<U>;

/** Options of a subscription to a pattern that the contract does not name. */
export type PatternOptions = SubscribeOptions & { match: 'prefix' | 'wildcard' };

export {};
