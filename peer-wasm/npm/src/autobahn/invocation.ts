/** Sends a progressive result. */
export type Progress = (args?: readonly unknown[] | null, kwargs?: Record<string, unknown> | null) => void;

/** What an endpoint is told beside the arguments. */
export class Invocation {
  constructor(
    readonly procedure: string,
    /** `null` unless the caller wants progressive results. */
    readonly progress: Progress | null,
    readonly caller?: number,
    readonly caller_authid?: string,
    readonly caller_authrole?: string,
    /** Aborted when the caller cancels, and when the session ends. AutobahnJS has nothing like it. */
    readonly signal?: AbortSignal,
  ) {}
}
