const EVENTS = ['online', 'offline', 'pageshow'];

/** Calls `wake` when the network or the page comes back, or may have gone, until the signal is aborted. */
export function onWakeup(signal: AbortSignal, wake: (event: Event) => void): void {
  const { document } = globalThis;
  for (const event of EVENTS) globalThis.addEventListener?.(event, wake, { signal });
  document?.addEventListener('visibilitychange', (event) => document.hidden || wake(event), { signal });
}
