// The side entries that need neither a page nor a server, with the main one beside them: client, errors and compiled
// module have to be the same ones, whatever a bundler has made of it.
import { WampError, connect } from 'wamplex';
import { createRouter } from 'wamplex/testing';

const found = sides().then((passed) => ({ passed }), (error) => ({ error: String(error.stack) }));

/** Answers requests in a worker. */
export async function answer() {
  return Response.json(await found);
}

found.then((outcome) => console.log(JSON.stringify(outcome)));

async function sides() {
  const router = await createRouter();
  await router.procedure('com.example.fail', () => {
    throw new WampError('com.example.error', { args: [1] });
  });
  const theirs = await router.connect();
  const ours = await connect(router.url, { realm: 'realm1', webSocket: router.webSocket });
  for (const client of [theirs, ours]) {
    const error = await client.call('com.example.fail').catch((caught) => caught);
    check(error instanceof WampError && error.uri === 'com.example.error', `the error is of the class of the main entry: ${error}`);
  }
  check(theirs.constructor === ours.constructor, 'there is one class of clients');
  await ours.close();
  await router.close();
  return ['testing'];
}

function check(holds, what) {
  if (!holds) throw new Error(`it does not hold that ${what}`);
}
