// What every app does with the package, whatever built it or runs it.

/** What came of the scenario: `passed` or `error`. The query of `address` says where the router is, and the prefix. */
export async function outcome(wamplex, address) {
  const query = new URL(address).searchParams;
  try {
    return { passed: await scenario(wamplex, query.get('router'), query.get('prefix')) };
  } catch (error) {
    return { error: `${error.message}\n${error.cause?.stack}` };
  }
}

/**
 * Runs against the router at `url`, beside the peer of stage.mjs, which offers its procedures under `prefix`.
 * Resolves with what passed; rejects with the step that failed.
 */
async function scenario({ auth, connect, wasm }, url, prefix) {
  const passed = [];
  let step = 'connect';
  const client = await connect(url, {
    realm: 'realm1',
    // The router asks for Argon2id, whose module is in a file of its own that loads when it is asked for.
    auth: auth.scram({ authid: 'ann', password: 'pencil' }),
    callTimeout: 60_000,
    reconnect: { initialDelay: 50, maxDelay: 500 },
    ...(wasm ? { wasm } : {}),
  });
  try {
    await within(120_000, async () => {
      const news = await subscribe(client, prefix);
      await client.register(`${prefix}.double`, ([n]) => n * 2);
      const before = client.session.id;
      await exercise(1);
      passed.push(...Object.keys(STEPS));
      step = 'reconnect';
      const lost = new Promise((resolve) => client.addEventListener('sessionlost', resolve, { once: true }));
      await client.publish(`${prefix}.cut`, null);
      await lost;
      await client.ready();
      check(client.session.id !== before, 'there is a new session');
      await exercise(2);
      passed.push('all again after reconnecting');

      async function exercise(round) {
        for (const [name, run] of Object.entries(STEPS)) {
          step = round === 1 ? name : `${name} after reconnecting`;
          await run(client, prefix, round, news);
        }
      }
    });
  } catch (error) {
    throw new Error(`${step}: ${error?.message ?? error}`, { cause: error });
  } finally {
    await client.close();
  }
  return passed;
}

const STEPS = {
  async events(client, prefix, round, news) {
    await client.call(`${prefix}.announce`, [round]);
    check((await news()) === round, 'the event arrives');
  },
  async call(client, prefix, round) {
    check((await client.call(`${prefix}.add`, [round, 40])) === round + 40, 'the sum is right');
    const bytes = await client.call(`${prefix}.echo`, [Uint8Array.of(0, 255, round)]);
    check(bytes instanceof Uint8Array && bytes.join() === `0,255,${round}`, 'bytes come back as they went');
  },
  async progress(client, prefix) {
    const chunks = [];
    const job = client.stream(`${prefix}.count`, [3]);
    for await (const chunk of job) chunks.push(chunk);
    check(chunks.join() === '0,1,2' && (await job.result) === 'counted', `progress arrives in order: ${chunks}`);
  },
  async meta(client) {
    check((await client.meta.sessions.list()).includes(client.session.id), 'the router knows the session');
  },
  async serve(client, prefix, round) {
    check((await client.call(`${prefix}.ask`, [round])) === round * 2, 'others can call this client');
  },
};

/** The events that arrive, one by one. */
async function subscribe(client, prefix) {
  const arrived = [];
  let wake = () => {};
  await client.subscribe(`${prefix}.news`, ({ data }) => {
    arrived.push(data);
    wake();
  });
  return async () => {
    if (arrived.length === 0) await new Promise((resolve) => (wake = resolve));
    return arrived.shift();
  };
}

async function within(milliseconds, run) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing happened for ${milliseconds} ms`)), milliseconds);
  });
  try {
    await Promise.race([run(), late]);
  } finally {
    clearTimeout(timer);
  }
}

function check(holds, what) {
  if (!holds) throw new Error(`it does not hold that ${what}`);
}
