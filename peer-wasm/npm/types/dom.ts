// What must compile where the DOM and disposables are known.
import { Client, connect, type WebSocketLike } from '../index.js';

export async function inBrowsers(): Promise<void> {
  await using client = await connect(new URL('wss://example.com/ws'), {
    realm: 'realm1',
    signal: AbortSignal.timeout(1000),
    webSocket: (url, protocols) => new WebSocket(url, protocols),
    wasm: fetch('/wamplex.wasm'),
  });
  const target: EventTarget = client;
  const abort = new AbortController();
  client.addEventListener('open', (event: CustomEvent<{ readonly id: number }>) => void event.detail.id, { signal: abort.signal });
  await using subscription = await client.subscribe('com.example.tick', () => {}, { signal: abort.signal });
  await using registration = await client.register('com.example.get', (_, inv) => fetch('/data', { signal: inv.signal }));
  await using job = client.stream('com.example.count');
  const readable: ReadableStream<number> = job.readable;
  void [target, subscription, registration, readable];
}

export const socket: WebSocketLike = new WebSocket('wss://example.com/ws');
export const disposable: AsyncDisposable = new Client('wss://example.com/ws', { realm: 'realm1' });
