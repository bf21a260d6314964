/** The messages of a batch ("WAMP: Batched WebSocket Transport"). Throws if it is none. */
export function messagesOf(batch: string | Uint8Array): (string | Uint8Array)[] {
  let messages: (string | Uint8Array)[] = [];
  let rest: unknown;
  if (typeof batch === 'string') {
    // Autobahn separates by octal 30 where the specification says decimal 30; neither can stand in JSON.
    messages = batch.split(/[\x1e\x18]/);
    rest = messages.pop();
  } else {
    const view = new DataView(batch.buffer);
    for (let at = 0; at < batch.length; ) {
      const start = at + 4;
      at = start + view.getUint32(at);
      messages.push(batch.subarray(start, at));
      rest = at > batch.length;
    }
  }
  if (rest || messages.length === 0 || messages.some(({ length }) => length === 0)) throw new RangeError('malformed batch');
  return messages;
}
