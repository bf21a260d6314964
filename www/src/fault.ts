import { WampError } from 'wamplex';
import { make } from './dom/element.ts';
import { payloadView } from './dom/json-view.ts';

/** What the commonest errors mean, for people who do not know their URIs. */
const MEANINGS: { readonly [uri: string]: string } = {
  'wamp.error.no_such_procedure': 'Nobody has registered this procedure.',
  'wamp.error.procedure_already_exists': 'Somebody has registered this procedure already.',
  'wamp.error.invalid_uri': 'The router does not take this as a URI.',
  'wamp.error.no_such_realm': 'The router has no such realm.',
  'wamp.error.not_authorized': 'This session may not do that.',
  'wamp.error.canceled': 'The call was cancelled.',
  'wamp.error.timeout': 'The call took too long.',
  'wamp.error.authentication_failed': 'The router did not accept who this session said it was.',
  'wamp.close.system_shutdown': 'The router is shutting down.',
  'wamp.close.killed': 'Somebody ended this session.',
  'wamplex.close.expired': 'The credentials of this session have expired.',
  'wamplex.error.slow_consumer': 'This session did not take its messages in time.',
  'wamp.error.invalid_argument': 'The procedure does not take these arguments.',
};

export const NOT_CONNECTED = 'There is no session: press Connect first.';

/** Says in a sentence what went wrong. */
export function sentenceFor(fault: unknown): string {
  if (fault instanceof WampError) {
    const meaning = MEANINGS[fault.uri];
    const sentence = meaning?.slice(0, -1) ?? fault.message.charAt(0).toUpperCase() + fault.message.slice(1);
    return `${sentence} (${fault.uri}).`;
  }
  return fault instanceof Error ? fault.message : String(fault);
}

/** Shows what went wrong with everything that the error carries: its URI, its meaning, its payload. */
export function faultView(fault: unknown): HTMLElement {
  if (!(fault instanceof WampError)) return make('span', 'fault', sentenceFor(fault));
  const view = make('span', 'fault', make('code', 'uri', fault.uri));
  const meaning = MEANINGS[fault.uri] ?? (fault.args.length === 0 ? fault.message : undefined);
  if (meaning !== undefined) view.append(' ', meaning);
  if (fault.args.length > 0 || Object.keys(fault.kwargs).length > 0) view.append(' ', payloadView(fault.args, fault.kwargs));
  return view;
}
