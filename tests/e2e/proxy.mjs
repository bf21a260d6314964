// A network between page and router that can be cut.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export class Proxy {
    #server;
    #sockets = new Set();
    #refuses = false;

    /** Leads to the host of an address. */
    static async start(url) {
        const { hostname, port } = new URL(url);
        const proxy = new Proxy();
        proxy.#server = createServer((near) => proxy.#lead(near, connect(Number(port), hostname)));
        proxy.#server.listen(0, '127.0.0.1');
        await once(proxy.#server, 'listening');
        return proxy;
    }

    /** The host and port that it listens at. */
    get host() {
        return `127.0.0.1:${this.#server.address().port}`;
    }

    /** Loses all connections, and lets no new one succeed. */
    cut() {
        this.#refuses = true;
        for (const socket of this.#sockets) socket.destroy();
    }

    mend() {
        this.#refuses = false;
    }

    async stop() {
        this.cut();
        this.#server.close();
        await once(this.#server, 'close');
    }

    #lead(near, far) {
        if (this.#refuses) near.destroy();
        for (const [socket, other] of [[near, far], [far, near]]) {
            this.#sockets.add(socket);
            socket.on('error', () => {});
            socket.once('close', () => {
                this.#sockets.delete(socket);
                other.destroy();
            });
            socket.pipe(other);
        }
    }
}
