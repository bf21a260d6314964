import { fromBase64 } from './base64.js';

/** Compiles what the build script has packed: deflated, then in base64. */
export async function inflated(packed: string): Promise<WebAssembly.Module> {
  const stream = new Blob([fromBase64(packed)!]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return WebAssembly.compile(await new Response(stream).arrayBuffer());
}
