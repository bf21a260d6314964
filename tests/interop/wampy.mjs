// wampy as a peer program.
import { Errors, Wampy } from 'wampy';
import { CborSerializer } from 'wampy/CborSerializer.js';
import { JsonSerializer } from 'wampy/JsonSerializer.js';
import { MsgpackSerializer } from 'wampy/MsgpackSerializer.js';
import * as cryptosign from 'wampy/cryptosign.js';
import * as wampcra from 'wampy/wampcra.js';
import WebSocket from 'ws';
import { Failure, jsonBinary, lost, outcome, serve } from './lines.mjs';

class BinaryJsonSerializer extends JsonSerializer {
    encode(data) { return JSON.stringify(data, jsonBinary.replacer); }
    decode(data) { return JSON.parse(data, jsonBinary.reviver); }
}

const serializers = {
    json: () => new BinaryJsonSerializer(),
    msgpack: () => new MsgpackSerializer(),
    cbor: () => new CborSerializer(),
};

function failure(error) {
    if (error instanceof Errors.AbortError) return new Failure(error.errorUri, [error.details?.message], {});
    return error instanceof Errors.WampError ? new Failure(error.errorUri, error.argsList, error.argsDict) : error;
}

/** In CBOR the library puts a tag before the bytes of a Uint8Array that few others know, and none before a Buffer. */
function plain(value) {
    if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    if (Array.isArray(value)) return value.map(plain);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

/** What the library is told to prove itself with. */
function credentials({ method, authid, secret, pubkey }) {
    const plugins = { ticket: () => () => secret, wampcra: wampcra.sign, cryptosign: cryptosign.sign };
    return {
        authid,
        authmethods: [method],
        authextra: pubkey ? { pubkey, channel_binding: null } : {},
        authMode: 'auto',
        authPlugins: { [method]: plugins[method](secret) },
    };
}

async function connect({ url, realm, serializer, auth }) {
    let leaving = false;
    const wampy = new Wampy(url, {
        realm,
        serializer: serializers[serializer](),
        ws: WebSocket,
        autoReconnect: false,
        onClose: () => { if (!leaving) lost('closed'); },
        ...(auth && credentials(auth)),
    });
    let identity;
    try {
        identity = await wampy.connect();
    } catch (error) {
        leaving = true;
        throw failure(error);
    }
    return { ...peer(wampy, () => { leaving = true; }), identity };
}

function peer(wampy, leaving) {
    const subscriptions = new Map();
    const calls = new Map();
    const ask = (promise) => promise.catch((error) => { throw failure(error); });
    const payload = (args, kwargs) => ({ argsList: plain(args ?? []), argsDict: plain(kwargs ?? {}) });
    return {
        async register(procedure, endpoint) {
            await ask(wampy.register(procedure, ({ argsList, argsDict, details, result_handler: yieldResult }) => {
                const progress = (args, kwargs) => yieldResult({ ...payload(args, kwargs), options: { progress: true } });
                return endpoint(argsList, argsDict, details.receive_progress ? progress : undefined).then(
                    (result) => payload(result.args, result.kwargs),
                    (error) => { throw { error: error.uri, ...payload(error.args, error.kwargs) }; },
                );
            }));
        },
        unregister: (procedure) => ask(wampy.unregister(procedure)).then(() => ({})),
        async call(procedure, args, kwargs, { id, progress }) {
            const steps = [];
            const onProgress = ({ argsList, argsDict }) => { steps.push([argsList, argsDict]); };
            const pending = wampy.call(procedure, payload(args, kwargs), progress ? { progress_callback: onProgress } : {});
            calls.set(id, wampy.getOpStatus().reqId);
            const result = await ask(pending);
            return outcome(result.argsList, result.argsDict, steps);
        },
        cancel(id, mode) { wampy.cancel(calls.get(id), { mode }); },
        async subscribe(topic, handler) {
            const subscribed = await ask(wampy.subscribe(topic, ({ argsList, argsDict }) => handler(argsList, argsDict)));
            subscriptions.set(topic, subscribed.subscriptionKey);
        },
        unsubscribe: (topic) => ask(wampy.unsubscribe(subscriptions.get(topic))).then(() => ({})),
        // The library always asks for the acknowledgement.
        publish: (topic, args, kwargs) => ask(wampy.publish(topic, payload(args, kwargs))).then(() => ({})),
        leave() {
            leaving();
            return wampy.disconnect().then(() => ({}));
        },
    };
}

serve(connect);
