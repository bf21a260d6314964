// What must compile with the types of Node and nothing else.
import { connect } from '../index.js';

export async function inNode(): Promise<void> {
  const client = await connect(new URL('wss://example.com/ws'), { realm: 'realm1' });
  const abort = new AbortController();
  await client.call('com.example.slow', [], { signal: abort.signal });
  await client.register('com.example.get', (_, inv) => fetch('http://localhost/', { signal: inv.signal }));
}
