// Calls the procedure of worker.js: node client.js [limit]
import { WampError, connect } from 'wamplex';

const limit = Number(process.argv[2] ?? 30);
const client = await connect(process.env.WAMP_ROUTER ?? 'ws://127.0.0.1:8080/ws', { realm: 'realm1' });

// An event for everybody, whoever called.
await client.subscribe('com.example.primes.found', ({ data }) => console.log(`event: ${data.found} primes up to ${data.limit}`));

try {
  const job = client.stream('com.example.primes', [limit], { timeout: 5000 });
  for await (const prime of job) console.log(prime);
  console.log('result:', await job.result);
} catch (error) {
  if (!WampError.is(error, 'wamp.error.no_such_procedure')) throw error;
  console.error('Nobody serves com.example.primes: start worker.js first.');
  process.exitCode = 1;
} finally {
  await client.close();
}
