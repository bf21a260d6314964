// The side entries that need neither a page nor a server, with the main one beside them: client, errors and compiled
// module have to be the same ones, whatever a bundler has made of it.
import { WampError, connect } from 'wamplex';
import * as Autobahn from 'wamplex/autobahn';
import { createRouter } from 'wamplex/testing';
import { connect as connectTab, serve } from 'wamplex/worker';

const found = sides().then((passed) => ({ passed }), (error) => ({ error: String(error.stack) }));

/** Answers requests in a worker. */
export async function answer() {
  return Response.json(await found);
}

found.then((outcome) => console.log(JSON.stringify(outcome)));

async function sides() {
  const router = await createRouter();
  await router.procedure('com.example.add', ([a, b]) => a + b);
  await router.procedure('com.example.fail', () => {
    throw new WampError('com.example.error', { args: [1] });
  });
  const client = await router.connect();
  const passed = [];
  for (const [name, connectBySide] of Object.entries({ testing, worker, autobahn })) {
    const { call, close, failsWith } = await connectBySide(router, client);
    check((await call('com.example.add', [2, 3])) === 5, `${name} gets the sum`);
    const error = await call('com.example.fail').catch((caught) => caught);
    check(error instanceof failsWith && error.args[0] === 1, `${name} knows the error by its class: ${error}`);
    await close();
    passed.push(name);
  }
  await router.close();
  return passed;
}

/** The main entry, over a socket that leads to the router in the page. */
async function testing(router, fromRouter) {
  const client = await connect(router.url, { realm: 'realm1', webSocket: router.webSocket });
  check(client.constructor === fromRouter.constructor, 'there is one class of clients');
  return { call: (...args) => client.call(...args), close: () => client.close(), failsWith: WampError };
}

async function worker(router, client) {
  const { port1, port2 } = new MessageChannel();
  const share = serve(await router.connect());
  share.attach(port1);
  const tab = await connectTab(port2);
  check(tab.constructor === client.constructor, 'tabs have clients of that class');
  const close = async () => {
    await tab.close();
    await share.close();
    // Open ports keep programs running.
    port1.close();
  };
  return { call: (...args) => tab.call(...args), close, failsWith: WampError };
}

async function autobahn(router) {
  const undo = router.install();
  const connection = new Autobahn.Connection({ url: router.url, realm: 'realm1' });
  const session = await new Promise((resolve, reject) => {
    connection.onopen = resolve;
    connection.onclose = (reason) => void reject(new Error(reason));
    connection.open();
  });
  const close = () => {
    connection.close();
    undo();
  };
  return { call: (...args) => session.call(...args), close, failsWith: Autobahn.Error };
}

function check(holds, what) {
  if (!holds) throw new Error(`it does not hold that ${what}`);
}
