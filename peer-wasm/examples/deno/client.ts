// Calls the procedure of worker.ts: deno task client [limit]
import { connect, WampError } from 'wamplex';
import { contract } from './contract.ts';

const limit = Number(Deno.args[0] ?? 30);
const url = Deno.env.get('WAMP_ROUTER') ?? 'ws://127.0.0.1:8080/ws';
await using client = await connect(url, { realm: 'realm1', contract }); // closed at the end

// An event for everybody, whoever called.
await client.subscribe('com.example.primes.found', ({ data }) => {
  console.log(`event: ${data.found} primes up to ${data.limit}`);
});

try {
  const job = client.stream('com.example.primes', [limit], { timeout: 5000 });
  for await (const prime of job) console.log(prime);
  console.log('result:', await job.result);
} catch (error) {
  if (!WampError.is(error, 'wamp.error.no_such_procedure')) throw error;
  console.error('Nobody serves com.example.primes: start worker.ts first.');
  Deno.exitCode = 1;
}
