// Our JavaScript client on Node as a peer program.
import { Client, WampError, auth as methods } from '../../peer-wasm/npm/dist/inline.js';
import { Failure, lost, outcome, serve } from './lines.mjs';

function failure(error) {
    return error instanceof WampError ? new Failure(error.uri, error.args, error.kwargs) : error;
}

/** What the client is offered to prove itself with. */
function offer({ method, authid, secret, router }) {
    switch (method) {
        case 'ticket': return methods.ticket({ authid, ticket: secret });
        case 'wampcra': return methods.wampcra({ authid, secret });
        case 'wamp-scram': return methods.scram({ authid, password: secret });
        case 'cryptosign': return methods.cryptosign({ authid, privateKey: secret, router });
        default: throw new Error(`unknown method ${method}`);
    }
}

async function connect({ url, realm, serializer, auth }) {
    const client = new Client(url, { realm, serializers: [serializer], ...(auth && { auth: offer(auth) }) });
    try {
        await client.connect();
    } catch (error) {
        throw failure(error);
    }
    client.addEventListener('sessionlost', ({ detail }) => lost(detail.cause.uri));
    return peer(client);
}

function peer(client) {
    const registrations = new Map();
    const subscriptions = new Map();
    const calls = new Map();
    const ask = (promise) => promise.catch((error) => { throw failure(error); });
    return {
        identity: client.session,
        async register(procedure, endpoint) {
            const run = async (args, invocation) => {
                const progress = (args, kwargs) => invocation.progress(args[0], { args: args.slice(1), kwargs });
                const wanted = invocation.wantsProgress ? progress : undefined;
                try {
                    return invocation.result(await endpoint(args, invocation.kwargs, wanted, invocation.signal));
                } catch (error) {
                    throw new WampError(error.uri, { args: error.args, kwargs: error.kwargs });
                }
            };
            registrations.set(procedure, await ask(client.register(procedure, run)));
        },
        unregister: (procedure) => ask(registrations.get(procedure).unregister()),
        call(procedure, args, kwargs, { id, progress, mode }) {
            const controller = new AbortController();
            calls.set(id, controller);
            const options = { signal: controller.signal, cancelMode: mode ?? undefined };
            const called = progress ? streamed(procedure, args, { ...options, kwargs }) : plain(procedure, args, kwargs, options);
            return ask(called);
        },
        cancel: (id) => calls.get(id).abort(),
        async subscribe(topic, handler) {
            const subscribed = client.subscribe(topic, ({ args, kwargs }) => handler(args, kwargs));
            subscriptions.set(topic, await ask(subscribed));
        },
        unsubscribe: (topic) => ask(subscriptions.get(topic).unsubscribe()),
        async publish(topic, args = [], kwargs, { acknowledge }) {
            const [data, ...more] = args;
            await ask(client.publish(topic, data, { args: more, kwargs, acknowledge: Boolean(acknowledge) }));
        },
        leave: () => client.close(),
    };

    async function plain(procedure, args, kwargs, options) {
        const result = await client.callRaw(procedure, { args, kwargs }, options);
        return outcome(result.args, result.kwargs);
    }

    async function streamed(procedure, args, options) {
        const stream = client.stream(procedure, args, options);
        const steps = [];
        for await (const step of stream) steps.push([[step], {}]);
        const last = await stream.raw;
        return outcome(last.args, last.kwargs, steps);
    }
}

serve(connect);
