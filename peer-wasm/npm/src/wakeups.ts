const EVENTS = ['online', 'offline', 'pageshow'];

/** Calls `wake` when the network or the page comes back, or may have gone. The returned function takes that back. */
export function onWakeup(wake: (event: Event) => void): () => void {
  const { document } = globalThis;
  const shown = (event: Event) => document.hidden || wake(event);
  const target = typeof globalThis.addEventListener === 'function' ? globalThis : undefined;
  for (const event of EVENTS) target?.addEventListener(event, wake);
  document?.addEventListener('visibilitychange', shown);
  return () => {
    for (const event of EVENTS) target?.removeEventListener(event, wake);
    document?.removeEventListener('visibilitychange', shown);
  };
}
