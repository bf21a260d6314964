import type { Payload, StreamOptions } from '../../index.js';
import { turn } from '../alarm.js';
import { payloadOf, type OutgoingCall } from '../call.js';
import { Flow } from '../core.js';

/** Sends what `input` yields; the last item is known only when the next one does not come. */
export async function sendInput(call: OutgoingCall, input: NonNullable<StreamOptions['input']>): Promise<void> {
  let held: Payload | undefined;
  let sent = 0;
  for await (const item of 'getReader' in input ? read((input as ReadableStream).getReader()) : input) {
    if (held) call.more(held, false);
    // Who sends without end would never hear of the answer.
    if (++sent % Flow.Burst === 0) await turn();
    while (call.isFull) await turn();
    if (call.settled) return;
    held = payloadOf(item);
  }
  call.more(held ?? {}, true);
}

/** Not every browser lets loops go over streams. */
async function* read<T>(reader: ReadableStreamDefaultReader<T>): AsyncGenerator<T, void, void> {
  try {
    for (let next; !(next = await reader.read()).done; ) yield next.value;
  } finally {
    await reader.cancel();
  }
}
