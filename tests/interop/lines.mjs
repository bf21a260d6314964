// The line protocol that every JavaScript peer program speaks; README.md describes it.
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

/** What a procedure throws to answer with an ERROR of its own. */
export class Failure extends Error {
    constructor(uri, args, kwargs) {
        super(uri);
        Object.assign(this, { uri, args, kwargs });
    }
}

/**
 * Runs one peer: joins, then serves requests from standard input until `leave` or its end.
 *
 * `connect({ url, realm, serializer, auth })` resolves to an object with `identity` (what WELCOME says of it), `register`, `unregister`, `call`, `subscribe`,
 * `unsubscribe`, `publish`, `leave`, and `cancel` where the library can cancel. It gets values as `fromLine` makes
 * them and may give back any that `toLine` knows.
 */
export async function serve(connect) {
    const { values } = parseArgs({
        options: { url: { type: 'string' }, realm: { type: 'string' }, serializer: { type: 'string' }, auth: { type: 'string' } },
    });
    const auth = values.auth && JSON.parse(values.auth);
    let peer;
    try {
        peer = await connect({ ...values, auth });
    } catch (error) {
        write({ on: 'refused', reason: describe(error) });
        process.exit(1);
    }
    const { authid, authrole, authmethod } = peer.identity;
    write({ on: 'joined', as: { authid, authrole, authmethod } });
    for await (const line of createInterface({ input: process.stdin })) {
        const request = JSON.parse(line);
        // Not awaited: a call may wait for another request that comes later, such as its own cancellation.
        answer(peer, request);
        if (request.do === 'leave') return;
    }
    // The driver is gone.
    process.exit(0);
}

/** Tells the driver that the session ended without being asked to. */
export function lost(reason) {
    write({ on: 'lost', reason: String(reason) });
}

async function answer(peer, request) {
    const { id } = request;
    try {
        const ok = await perform(peer, request);
        await write({ id, ok: ok ?? {} });
        if (request.do === 'leave') process.exit(0);
    } catch (error) {
        await write({ id, error: describe(error) });
    }
}

function perform(peer, request) {
    const { id, procedure, topic } = request;
    const args = request.args?.map(fromLine);
    const kwargs = request.kwargs && fromLine(request.kwargs);
    switch (request.do) {
        case 'register': return peer.register(procedure, endpoint(procedure, request.kind));
        case 'unregister': return peer.unregister(procedure);
        case 'call': return peer.call(procedure, args, kwargs, { id, progress: request.progress, mode: request.mode });
        case 'cancel': return peer.cancel(request.call, request.mode);
        case 'subscribe': return peer.subscribe(topic, (args, kwargs) => report('event', { topic }, args, kwargs));
        case 'unsubscribe': return peer.unsubscribe(topic);
        case 'publish': return peer.publish(topic, args, kwargs, { acknowledge: request.acknowledge });
        case 'leave': return peer.leave();
        default: throw new Error(`unknown request ${request.do}`);
    }
}

/**
 * The procedures a peer can register, as functions of `(args, kwargs, progress, interrupted)`. `progress` is absent if
 * unwanted, and `interrupted`, an `AbortSignal`, where the library does not tell.
 */
const endpoints = {
    add2: (args) => ({ args: [args[0] + args[1]], kwargs: {} }),
    echo: (args, kwargs) => ({ args, kwargs }),
    fail: (args, kwargs) => { throw new Failure('com.example.error.failed', args, kwargs); },
    progress: async (args, _, progress) => {
        for (let step = 0; progress && step < args[0]; step++) await progress([step], { of: args[0] });
        return { args: ['done', args[0]], kwargs: {} };
    },
    hang: (args, kwargs, progress, interrupted) => new Promise((_, reject) => {
        interrupted?.addEventListener('abort', () => reject(new Failure('wamp.error.canceled', [], {})));
    }),
};

function endpoint(procedure, kind) {
    const run = endpoints[kind];
    if (!run) throw new Error(`unknown kind of procedure ${kind}`);
    return async (args, kwargs, progress, interrupted) => {
        report('invocation', { procedure, progress: Boolean(progress) }, args, kwargs);
        interrupted?.addEventListener('abort', () => write({ on: 'interrupted', procedure }));
        return run(args ?? [], kwargs ?? {}, progress, interrupted);
    };
}

function report(on, about, args, kwargs) {
    write({ on, ...about, args: (args ?? []).map(toLine), kwargs: toLine(kwargs ?? {}) });
}

function describe(error) {
    if (!(error instanceof Failure)) return { message: error?.message ?? JSON.stringify(error) };
    return { uri: error.uri, args: (error.args ?? []).map(toLine), kwargs: toLine(error.kwargs ?? {}) };
}

/** Puts the outcome of a call into the shape the driver reads. */
export function outcome(args, kwargs, progress = []) {
    return {
        args: (args ?? []).map(toLine),
        kwargs: toLine(kwargs ?? {}),
        progress: progress.map(([args, kwargs]) => ({ args: (args ?? []).map(toLine), kwargs: toLine(kwargs ?? {}) })),
    };
}

function write(message) {
    return new Promise((done) => process.stdout.write(`${JSON.stringify(message)}\n`, done));
}

/** From the driver's notation, where `{"$bytes": base64}` is binary and `{"$int": digits}` an integer beyond 2^53. */
export function fromLine(value) {
    if (Array.isArray(value)) return value.map(fromLine);
    if (value === null || typeof value !== 'object') return value;
    if ('$bytes' in value) return Buffer.from(value.$bytes, 'base64');
    if ('$int' in value) return BigInt(value.$int);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fromLine(item)]));
}

/** Back into the driver's notation. */
export function toLine(value) {
    if (typeof value === 'bigint') {
        const small = value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
        return small ? Number(value) : { $int: String(value) };
    }
    if (ArrayBuffer.isView(value)) {
        return { $bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
    }
    if (Array.isArray(value)) return value.map(toLine);
    if (value === null || typeof value !== 'object') return value ?? null;
    const entries = value instanceof Map ? [...value] : Object.entries(value);
    return Object.fromEntries(entries.map(([key, item]) => [key, toLine(item)]));
}

/**
 * JSON as these two libraries speak it knows no binary; the specification's convention is a string of a NUL and base64.
 * An application on top of them applies it like this.
 */
export const jsonBinary = {
    replacer(key, value) {
        // `Buffer.toJSON` has already run when the replacer sees the value, so the original is taken from its holder.
        const original = this[key];
        return ArrayBuffer.isView(original) ? `\0${Buffer.from(original).toString('base64')}` : value;
    },
    reviver(_, value) {
        return typeof value === 'string' && value.startsWith('\0') ? Buffer.from(value.slice(1), 'base64') : value;
    },
};
