import { WampError } from 'wamplex';
import type { Handler, Invocation as InnerInvocation, Kwargs } from '../../index.js';
import { AutobahnError } from './error.js';
import { Invocation, type Progress } from './invocation.js';
import type { RegisterEndpoint } from './registration.js';
import { Result } from './result.js';
import { as_promise } from './util.js';

/** What serving asks of its session. */
export interface EndpointHost {
  userError(error: unknown, message: string): void;
  /** Values on their way in and out, for serializers that change them. */
  incoming<T>(value: T): T;
  outgoing<T>(value: T): T;
}

/** The client's handler of a procedure that an endpoint of the application serves. */
export function handlerFor(endpoint: RegisterEndpoint, procedure: string, host: EndpointHost): Handler {
  return async (args, inv) => {
    try {
      const work = as_promise(endpoint, host.incoming(args), host.incoming(inv.kwargs), invocationOf(inv, procedure, host));
      const { args: values, kwargs } = asResult(await Promise.race([work, canceled(inv.signal as AbortSignal)]));
      return inv.result({ args: host.outgoing(values), kwargs: host.outgoing(kwargs) });
    } catch (error) {
      // An application that does not know about canceling has done nothing wrong.
      if (!inv.signal.aborted) host.userError(error, 'Exception raised in invocation handler:');
      throw asWampError(error, host);
    }
  };
}

function asResult(value: unknown): { args: readonly unknown[]; kwargs: Kwargs } {
  return value instanceof Result ? value : { args: [value], kwargs: {} };
}

/** Endpoints know nothing of INTERRUPT: the caller is answered at once, and what they still return is dropped. */
function canceled(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}

function asWampError(error: unknown, host: EndpointHost): WampError {
  if (error instanceof AutobahnError) return new AutobahnError(error.error, host.outgoing(error.args), host.outgoing(error.kwargs));
  if (error instanceof WampError) return error;
  return new AutobahnError('wamp.error.runtime_error', [error instanceof Error ? error.message : host.outgoing(error)]);
}

function invocationOf(inv: InnerInvocation, procedure: string, host: EndpointHost): Invocation {
  const progress: Progress = (args, kwargs) => {
    const sent = inv.progress(inv.result({ args: host.outgoing(args) ?? [], kwargs: host.outgoing(kwargs) ?? {} }));
    sent.catch((error) => host.userError(error, 'Exception raised in invocation handler:'));
  };
  const { details, caller, callerAuthid, callerAuthrole, signal } = inv;
  return new Invocation(
    details['procedure'] || procedure, inv.wantsProgress ? progress : null, caller, callerAuthid, callerAuthrole, signal as AbortSignal,
  );
}
