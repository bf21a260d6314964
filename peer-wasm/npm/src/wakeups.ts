const EVENTS = ['online', 'offline', 'pageshow'];

/** Calls `wake` when the network or the page comes back, or may have gone. The returned function takes that back. */
export function onWakeup(wake: (event: Event) => void): () => void {
  const { document } = globalThis;
  const listening = new AbortController();
  for (const event of EVENTS) globalThis.addEventListener?.(event, wake, listening);
  document?.addEventListener('visibilitychange', (event) => document.hidden || wake(event), listening);
  return () => listening.abort();
}
