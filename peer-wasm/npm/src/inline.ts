import { module } from 'wamplex:inline';
import { fromBase64 } from './base64.js';
import { setDefaultSource } from './wasm.js';

setDefaultSource(async () => {
  const packed = new Blob([fromBase64(module)!]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return WebAssembly.compile(await new Response(packed).arrayBuffer());
});

export * from './api.js';
