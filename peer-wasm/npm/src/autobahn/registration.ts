import type { Registration as Inner } from '../../index.js';
import { promise, type Deferred } from './deferred.js';
import type { Invocation } from './invocation.js';
import type { Session } from './session.js';

export type RegisterEndpoint = (args: any[], kwargs: Record<string, any>, details: Invocation) => unknown;

/** One procedure that is served here. */
export class Registration {
  readonly options: Readonly<Record<string, unknown>>;
  active = true;
  /** Resolves when it ends: to the router's reason, or to nothing where the application has ended it. */
  readonly on_unregister: Promise<string | undefined>;
  /** For the session: what settles the above, and the client's part of it. */
  readonly ended: Deferred;
  inner: Inner | undefined;

  constructor(
    readonly procedure: string,
    readonly endpoint: RegisterEndpoint,
    options: Readonly<Record<string, unknown>> | null | undefined,
    readonly session: Session,
    readonly id: number,
  ) {
    this.options = options ?? {};
    this.ended = session.defer();
    this.on_unregister = promise(this.ended);
  }

  unregister(): Promise<void> {
    return this.session.unregister(this);
  }
}
