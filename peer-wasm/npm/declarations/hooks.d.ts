// What the entries for React, Vue and Svelte have in common.
import type { CallOptions } from './calls.js';
import type {
  Definitions, HasParams, MayName, Named, NeedsOptions, ParamValues, ParamsIn, Results, TypeOf, Untyped,
} from './contract.js';
import type { EventMessage, SubscribeOptions } from './events.js';
import type { Handler } from './procedures.js';
import type { Register } from './register.js';

/** The contract that `Register` names, which is without any URI where it names none. */
export type Registered = Register extends { contract: infer C } ? C : {};
/** The contract of the client that a provider gives. */
export type RegisteredOrUntyped = Register extends { contract: infer C extends Definitions } ? C : Untyped;

/** Instead of a topic or a procedure: nothing is subscribed, registered or called. */
export type Nothing = null | undefined | false | '';
/** A topic or a procedure, or nothing. */
export type Name = string | Nothing;
/** A URI that the contract does not name. */
export type Unnamed<U extends string, Known extends string> = U extends Known ? never : U;

/** Options, which are needed where the URI has parameters. */
export type Filled<C, K extends string, Options, Params = ParamValues<K>> =
  HasParams<C, K> extends true ? [options: Options & { params: Params }] : [options?: Options];
/** The same where `'*'` stands for all of the parameters, or for whatever one of them may be. */
export type FilledOrAny<C, K extends string, Options> = Filled<C, K, Options, ParamValues<K> | '*'>;

/** How a subscription or registration is doing: `idle` without a name, `closed` after a failure or when the client is closed. */
export interface HeldState {
  readonly status: 'idle' | 'pending' | 'active' | 'closed';
  /** Why it could not be made. */
  readonly error: unknown;
}
/**
 * How a hook or store subscribes. `ongap` is called after the connection was lost and the subscription restored, and when the
 * router has dropped events: some are missing.
 */
export type SubscriptionOptions = Omit<SubscribeOptions, 'signal'>;
/** How a hook or store subscribes, and how many events it keeps. */
export type FeedOptions = SubscriptionOptions & {
  /** Events to keep. Default 100. */
  limit?: number;
};
/** An event as the contract describes it. */
export type EventIn<C, K extends keyof C & string> = EventMessage<TypeOf<C, K, 'data'>, ParamsIn<C, K>, TypeOf<C, K, 'kwargs'>>;
/** What serves a procedure as the contract describes it. */
export type HandlerIn<C, K extends keyof C & string> = Handler<
  TypeOf<C, K, 'args'>, TypeOf<C, K, 'resultSent'>, TypeOf<C, K, 'progressSent'>, ParamsIn<C, K>, TypeOf<C, K, 'kwargs'>, Results<C, K>
>;

/** How a call is doing. */
export interface CallState<R> {
  /** The last answer. */
  readonly data: R;
  /** Why the last call failed, if it did. */
  readonly error: unknown;
  /** Whether an answer is awaited. */
  readonly pending: boolean;
}
/** What makes a call needs: arguments, unless there may be none, and options. Keyword arguments may be given before. */
export type CallArguments<C, K extends keyof C & string, Options> =
  CallParameters<C, K, HasParams<C, K>, Parameterized<C, K, MayName<C, K, Options>>>;
/** The same where nothing is given before. */
export type ResultArguments<C, K extends keyof C & string, Options> = CallParameters<C, K, NeedsOptions<C, K>, ResultOptions<C, K, Options>>;
/** Options of a call that is made at once. */
export type ResultOptions<C, K extends keyof C & string, Options> = Parameterized<C, K, Named<C, K, Options>>;
type Parameterized<C, K extends string, Options> = HasParams<C, K> extends true ? Options & { params: ParamValues<K> } : Options;
type CallParameters<C, K extends keyof C & string, NeedsThem, Options> = NeedsThem extends true
  ? [args: Readonly<TypeOf<C, K, 'argsSent'>>, options: Options]
  : [] extends TypeOf<C, K, 'argsSent'>
    ? [args?: Readonly<TypeOf<C, K, 'argsSent'>>, options?: Options]
    : [args: Readonly<TypeOf<C, K, 'argsSent'>>, options?: Options];
/** The same for procedures that the contract does not name. */
export type AnyArguments<Options> = [args?: readonly unknown[], options?: Options];

/** How a hook or store calls, and when again. */
export type CallResultOptions = Omit<CallOptions, 'signal'> & {
  /** Calls again whenever a session opens again. Default `false`. */
  refreshOnReconnect?: boolean;
};
