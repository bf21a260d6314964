// Answers GET /primes/100 with what the procedure com.example.primes says, which the workers of the other examples serve.
import { ConnectionLostError, WampError, connect } from 'wamplex';

export default {
  async fetch(request, env) {
    const [, limit] = /^\/primes\/(\d+)$/.exec(new URL(request.url).pathname) ?? [];
    if (!limit) return Response.json({ error: 'ask for /primes/100' }, { status: 404 });
    try {
      // What a Worker opens belongs to the request: one session each, closed with the answer.
      await using client = await connect(env.WAMP_ROUTER, { realm: 'realm1', reconnect: false });
      const job = client.stream('com.example.primes', [Number(limit)], { timeout: 5000, signal: request.signal });
      const primes = [];
      for await (const prime of job) primes.push(prime);
      return Response.json({ primes, found: await job.result });
    } catch (error) {
      if (!WampError.is(error)) throw error;
      const status = error instanceof ConnectionLostError || error.uri === 'wamp.error.no_such_procedure' ? 503 : 502;
      return Response.json({ error: error.message }, { status });
    }
  },
};
