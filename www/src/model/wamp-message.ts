/** The four groups in which the log shows messages. */
export type Family = 'session' | 'pubsub' | 'rpc' | 'error';

export interface MessageKind {
  readonly name: string;
  readonly family: Family;
  /** What stands at each position of the message after its code. */
  readonly fields: readonly string[];
}

/** Every message of WAMP version 2, by its code. */
const KINDS: ReadonlyMap<number, MessageKind> = new Map([
  [1, kind('HELLO', 'session', 'realm', 'details')],
  [2, kind('WELCOME', 'session', 'session', 'details')],
  [3, kind('ABORT', 'session', 'details', 'reason', 'args', 'kwargs')],
  [4, kind('CHALLENGE', 'session', 'method', 'extra')],
  [5, kind('AUTHENTICATE', 'session', 'signature', 'extra')],
  [6, kind('GOODBYE', 'session', 'details', 'reason', 'args', 'kwargs')],
  [8, kind('ERROR', 'error', 'type', 'request', 'details', 'error', 'args', 'kwargs')],
  [16, kind('PUBLISH', 'pubsub', 'request', 'options', 'topic', 'args', 'kwargs')],
  [17, kind('PUBLISHED', 'pubsub', 'request', 'publication')],
  [32, kind('SUBSCRIBE', 'pubsub', 'request', 'options', 'topic')],
  [33, kind('SUBSCRIBED', 'pubsub', 'request', 'subscription')],
  [34, kind('UNSUBSCRIBE', 'pubsub', 'request', 'subscription')],
  [35, kind('UNSUBSCRIBED', 'pubsub', 'request', 'details')],
  [36, kind('EVENT', 'pubsub', 'subscription', 'publication', 'details', 'args', 'kwargs')],
  [48, kind('CALL', 'rpc', 'request', 'options', 'procedure', 'args', 'kwargs')],
  [49, kind('CANCEL', 'rpc', 'request', 'options')],
  [50, kind('RESULT', 'rpc', 'request', 'details', 'args', 'kwargs')],
  [64, kind('REGISTER', 'rpc', 'request', 'options', 'procedure')],
  [65, kind('REGISTERED', 'rpc', 'request', 'registration')],
  [66, kind('UNREGISTER', 'rpc', 'request', 'registration')],
  [67, kind('UNREGISTERED', 'rpc', 'request', 'details')],
  [68, kind('INVOCATION', 'rpc', 'request', 'registration', 'details', 'args', 'kwargs')],
  [69, kind('INTERRUPT', 'rpc', 'request', 'options')],
  [70, kind('YIELD', 'rpc', 'request', 'options', 'args', 'kwargs')],
]);

/** Looks a message up by its first element; an unknown code keeps its number as its name. */
export function kindOf(message: readonly unknown[]): MessageKind {
  const code = message[0];
  const known = typeof code === 'number' ? KINDS.get(code) : undefined;
  return known ?? { name: String(code), family: 'session', fields: [] };
}

/** The names of all messages, in the order of their codes. */
export function messageNames(): readonly string[] {
  return [...KINDS.values()].map((each) => each.name);
}

/** Whether a message passes a filter: `all`, a family, or one name. */
export function passes(filter: string, message: readonly unknown[]): boolean {
  if (filter === 'all') return true;
  const { name, family } = kindOf(message);
  return filter === family || filter === name;
}

function kind(name: string, family: Family, ...fields: string[]): MessageKind {
  return { name, family, fields };
}
