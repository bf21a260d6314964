/** The messages of a batch ("WAMP: Batched WebSocket Transport"); `undefined` if it is none. */
export function messagesOf(batch: string | Uint8Array): (string | Uint8Array)[] | undefined {
  let messages: (string | Uint8Array)[] = [];
  let rest: unknown;
  if (typeof batch === 'string') {
    // Autobahn separates by octal 30 where the specification says decimal 30; neither can stand in JSON.
    messages = batch.split(/[\x1e\x18]/);
    rest = messages.pop();
  } else {
    const view = new DataView(batch.buffer);
    let at = 0;
    while (at + 4 <= batch.length) {
      const start = at + 4;
      at = start + view.getUint32(at);
      messages.push(batch.subarray(start, at));
    }
    rest = at !== batch.length;
  }
  return rest || messages.length === 0 || messages.some(({ length }) => length === 0) ? undefined : messages;
}
