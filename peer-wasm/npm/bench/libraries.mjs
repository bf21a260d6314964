// The libraries as they are used in Node, all on the same WebSocket.
import { createRequire } from 'node:module';
import WebSocket from 'ws';

const require = createRequire(import.meta.url);

export async function load(library) {
  // Node 20 has none, and later ones another one: all get the same.
  globalThis.WebSocket = WebSocket;
  switch (library) {
    case 'wamplex':
      return import(process.env.WAMPLEX_PACKAGE ?? '../dist/inline.js');
    case 'wampy':
      return { WebSocket, ...(await wampy()) };
    case 'autobahn':
      return { autobahn: require('autobahn') };
    default:
      throw new Error(`unknown library ${library}`);
  }
}

async function wampy() {
  const [{ Wampy }, { JsonSerializer }, { MsgpackSerializer }, { CborSerializer }] = await Promise.all([
    import('wampy'), import('wampy/JsonSerializer.js'), import('wampy/MsgpackSerializer.js'), import('wampy/CborSerializer.js'),
  ]);
  return { Wampy, serializers: { json: JsonSerializer, msgpack: MsgpackSerializer, cbor: CborSerializer } };
}
