// `node:timers/promises`, as far as tests use it.

/** The event loop turns once. */
export function setImmediate(value) {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve(value);
    };
    port2.postMessage(undefined);
  });
}

export const setTimeout = (milliseconds, value) => new Promise((resolve) => globalThis.setTimeout(resolve, milliseconds, value));
