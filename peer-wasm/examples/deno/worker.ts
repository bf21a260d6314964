// Serves a procedure until it is stopped.
import { Client } from 'wamplex';
import { contract } from './contract.ts';

// The client connects when something is asked of it, and again whenever the connection is lost.
const url = Deno.env.get('WAMP_ROUTER') ?? 'ws://127.0.0.1:8080/ws';
const client = new Client(url, { realm: 'realm1', contract });
client.addEventListener('statechange', ({ detail }) => console.log(detail.state));

// What a generator yields are progressive results, for callers who want them; what it returns is the result.
await client.register('com.example.primes', async function* ([limit], invocation) {
  let found = 0;
  for (let n = 2; n <= limit; n++) {
    invocation.signal.throwIfAborted(); // the caller has canceled
    if (!isPrime(n)) continue;
    found++;
    yield n;
  }
  await client.publish('com.example.primes.found', { limit, found });
  return found;
}, { invoke: 'roundrobin' }); // others may register it, too
console.log('serving com.example.primes, Ctrl-C stops');

// Takes no more calls, answers those that are running, and says goodbye.
Deno.addSignalListener('SIGINT', async () => {
  await client.close({ drain: true });
  Deno.exit();
});

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false;
  return true;
}
