import { fromBase64 } from './base64.js';

/** Compiles what the build script has packed: deflated, then in base64. */
export async function inflated(packed: string): Promise<WebAssembly.Module> {
  // Not by way of a Blob: those of jsdom have no streams.
  const stream = new Response(fromBase64(packed)!).body!.pipeThrough(new DecompressionStream('deflate-raw'));
  return WebAssembly.compile(await new Response(stream).arrayBuffer());
}
