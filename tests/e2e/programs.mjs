// The programs around the page: the router, and the peer programs of ../interop with their line protocol.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

const built = (program) => resolve(path('../..'), process.env.CARGO_TARGET_DIR ?? 'target', 'debug', program);

/** After this long without a sign of life something is stuck. Nothing is measured by it. */
export const PATIENCE_MS = 180_000;

const PEERS = {
    native: [built('native-peer')],
    python: [path('../interop/.venv/bin/python'), path('../interop/autobahn_python.py')],
};

/** Fails a promise that takes too long, and says what was awaited. */
export async function soon(promise, what) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), PATIENCE_MS);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A router on a free port, with the site built into it. */
export class Router {
    static async start() {
        const process = spawn(built('wamplex'), ['--listen', '127.0.0.1:0', '--log', 'warn'], {
            stdio: ['ignore', 'pipe', 'inherit'],
        });
        const lines = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
        const word = async (before) => {
            const { value = '' } = await soon(lines.next(), `the router to say where it is`);
            if (!value.startsWith(before)) throw new Error(`the router says "${value}" instead of "${before}…"`);
            return value.slice(before.length);
        };
        const url = await word('listening on ');
        return new Router(process, url, await word('web page at '));
    }

    constructor(process, url, site) {
        Object.assign(this, { process, url, site });
    }

    async stop() {
        if (this.process.exitCode !== null) throw new Error(`the router ended with ${this.process.exitCode}`);
        this.process.kill('SIGTERM');
        await soon(once(this.process, 'exit'), 'the router to end');
    }
}

/** A peer program: asked by lines, and reporting by lines. */
export class Peer {
    #process;
    #waiting = new Map();
    #reports = [];
    #readers = [];
    #lastId = 0;

    static async start(kind, serializer, url) {
        const peer = new Peer(kind, serializer, url);
        const { on } = await peer.next();
        if (on !== 'joined') throw new Error(`${peer.name} did not join`);
        return peer;
    }

    constructor(kind, serializer, url) {
        const [program, ...args] = PEERS[kind];
        this.name = `${kind} ${serializer}`;
        this.#process = spawn(program, [...args, '--url', url, '--realm', 'realm1', '--serializer', serializer], {
            stdio: ['pipe', 'pipe', 'inherit'],
        });
        createInterface({ input: this.#process.stdout }).on('line', (line) => this.#take(JSON.parse(line)));
        this.#process.on('exit', (code) => this.#take({ on: 'ended', code }));
    }

    /** Has the program do something; resolves to what came of it. */
    async ask(request) {
        const id = (this.#lastId += 1);
        const answered = new Promise((resolve) => this.#waiting.set(id, resolve));
        this.#process.stdin.write(`${JSON.stringify({ id, ...request })}\n`);
        const answer = await soon(answered, `${this.name}: ${JSON.stringify(request)}`);
        if (answer.error) throw Object.assign(new Error(`${this.name}: ${JSON.stringify(answer.error)}`), answer.error);
        return answer.ok;
    }

    /** The next thing the program reports of its own accord. */
    async next() {
        if (this.#reports.length > 0) return this.#reports.shift();
        return soon(new Promise((resolve) => this.#readers.push(resolve)), `a report of ${this.name}`);
    }

    async stop() {
        this.#process.removeAllListeners('exit');
        const ended = once(this.#process, 'exit');
        this.#process.stdin.end();
        await soon(ended, `${this.name} to end`);
    }

    #take(message) {
        const waiting = this.#waiting.get(message.id);
        if (waiting) {
            this.#waiting.delete(message.id);
            waiting(message);
        } else if (this.#readers.length > 0) {
            this.#readers.shift()(message);
        } else {
            this.#reports.push(message);
        }
    }
}
