// The API of AutobahnJS as a peer program, on whatever library has it.
import nacl from 'tweetnacl';
import { Failure, lost, outcome, serve } from './lines.mjs';

/** `json` makes the serializer for JSON; `more` are further options of connections. */
export function serveWith(autobahn, json, more = {}) {
    serve((given) => connect(autobahn, json, more, given));
}

/** Promises that also keep the progressive results, which the library hands to `notify`. */
function deferred(autobahn) {
    const d = {};
    d.promise = new Promise((resolve, reject) => Object.assign(d, { resolve, reject }));
    d.promise.progress = [];
    d.notify = (result) => d.promise.progress.push(unpack(autobahn, result));
    return d;
}

/** The library hands out a lone positional result bare. */
function unpack(autobahn, result) {
    return result instanceof autobahn.Result ? [result.args, result.kwargs] : [[result], {}];
}

function failure(autobahn, error) {
    return error instanceof autobahn.Error ? new Failure(error.error, error.args, error.kwargs) : error;
}

/** What the library is told to prove itself with. */
function credentials(autobahn, { method, authid, secret }) {
    const pair = method === 'cryptosign' && nacl.sign.keyPair.fromSeed(Buffer.from(secret, 'hex'));
    const sign = {
        ticket: () => secret,
        wampcra: ({ challenge, salt, iterations, keylen }) => {
            const key = salt ? autobahn.auth_cra.derive_key(secret, salt, iterations, keylen) : secret;
            return autobahn.auth_cra.sign(key, challenge);
        },
        cryptosign: (extra) => autobahn.auth_cryptosign.sign_challenge(pair, extra),
    };
    return {
        authid,
        authmethods: [method],
        authextra: pair ? { pubkey: autobahn.auth_cryptosign.public_key(pair), channel_binding: null } : undefined,
        onchallenge: (_, asked, extra) => sign[asked](extra),
    };
}

function connect(autobahn, json, more, { url, realm, serializer, auth }) {
    const { MsgpackSerializer, CBORSerializer } = autobahn.serializer;
    const serializers = { json, msgpack: () => new MsgpackSerializer(), cbor: () => new CBORSerializer() };
    return new Promise((joined, refused) => {
        let leaving = true;
        const connection = new autobahn.Connection({
            url,
            realm,
            serializers: [serializers[serializer]()],
            use_deferred: () => deferred(autobahn),
            max_retries: 0,
            // Otherwise every failing procedure prints its error.
            on_user_error: () => {},
            ...(auth && credentials(autobahn, auth)),
            ...more,
        });
        connection.onopen = (session, details) => {
            leaving = false;
            joined({ ...peer(autobahn, connection, session, () => { leaving = true; }), identity: details });
        };
        connection.onclose = (reason, details) => {
            refused(new Failure(details.reason ?? reason, [details.message], {}));
            if (!leaving) lost(details.reason ?? reason);
            return true;
        };
        connection.open();
    });
}

function peer(autobahn, connection, session, leaving) {
    const registrations = new Map();
    const subscriptions = new Map();
    const calls = new Map();
    const ask = (promise) => Promise.resolve(promise).catch((error) => { throw failure(autobahn, error); });
    return {
        async register(procedure, endpoint) {
            const run = (args, kwargs, details) => endpoint(args, kwargs, details.progress, details.signal).then(
                (result) => new autobahn.Result(result.args, result.kwargs),
                (error) => { throw new autobahn.Error(error.uri, error.args, error.kwargs); },
            );
            registrations.set(procedure, await ask(session.register(procedure, run)));
        },
        unregister: (procedure) => ask(session.unregister(registrations.get(procedure))).then(() => ({})),
        async call(procedure, args, kwargs, { id, progress }) {
            const pending = session.call(procedure, args, kwargs, progress ? { receive_progress: true } : {});
            calls.set(id, pending);
            const [resultArgs, resultKwargs] = unpack(autobahn, await ask(pending));
            return outcome(resultArgs, resultKwargs, pending.progress);
        },
        cancel: (id, mode) => calls.get(id).cancel({ mode }),
        async subscribe(topic, handler) {
            subscriptions.set(topic, await ask(session.subscribe(topic, handler)));
        },
        unsubscribe: (topic) => ask(session.unsubscribe(subscriptions.get(topic))).then(() => ({})),
        async publish(topic, args, kwargs, { acknowledge }) {
            await ask(session.publish(topic, args, kwargs, acknowledge ? { acknowledge: true } : {}));
        },
        leave() {
            leaving();
            const left = new Promise((done) => { connection.onclose = done; });
            connection.close();
            return left.then(() => ({}));
        },
    };
}
