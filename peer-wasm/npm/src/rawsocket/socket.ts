import type { Socket } from 'node:net';
import type { WebSocketLike } from '../../index.js';

const enum Kind {
  Message = 0,
  Ping = 1,
  Pong = 2,
}

const OPEN = 1;
const CLOSED = 3;
const HEAD = 4;
/** How long the other side may take to end, in milliseconds. */
const LINGER = 1000;

/** A RawSocket that looks like a WebSocket ("WAMP: RawSocket Transport"). */
export class RawSocket implements WebSocketLike {
  binaryType = 'arraybuffer';
  readyState = OPEN;
  onopen: ((event: any) => any) | null = null;
  onmessage: ((event: any) => any) | null = null;
  onclose: ((event: any) => any) | null = null;
  onerror: ((event: any) => any) | null = null;
  readonly #socket: Socket;
  readonly #longest: number;
  readonly #isText: boolean;
  #received: Buffer;

  /** `longest` is what the router takes at most; `rest` what it has sent already. */
  constructor(socket: Socket, readonly protocol: string, longest: number, rest: Buffer) {
    this.#socket = socket;
    this.#longest = longest;
    this.#isText = protocol === 'wamp.2.json';
    this.#received = rest;
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    socket.on('error', () => {});
    socket.on('close', () => this.#ended(1006, ''));
    // Whoever made this has set its listeners by then.
    setImmediate(() => {
      socket.resume();
      this.#read(Buffer.alloc(0));
    });
  }

  get bufferedAmount(): number {
    return this.#socket.writableLength;
  }

  send(data: string | Uint8Array): void {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    if (bytes.length > this.#longest || bytes.length > 0xff_ffff) {
      return this.#fail(`a message of ${bytes.length} bytes is longer than the ${this.#longest} that the router takes`);
    }
    this.#write(Kind.Message, bytes);
  }

  close(): void {
    this.#socket.end();
    // The other side may be dead, and never end.
    setTimeout(() => this.#socket.destroy(), LINGER).unref();
  }

  #write(kind: Kind, bytes: Uint8Array): void {
    if (this.readyState !== OPEN) return;
    const head = Buffer.alloc(HEAD);
    head.writeUInt32BE(bytes.length);
    head[0] = kind;
    this.#socket.cork();
    this.#socket.write(head);
    this.#socket.write(bytes);
    this.#socket.uncork();
  }

  #read(bytes: Buffer): void {
    this.#received = this.#received.length > 0 ? Buffer.concat([this.#received, bytes]) : bytes;
    while (this.readyState === OPEN && this.#received.length >= HEAD) {
      const kind = this.#received[0]!;
      const end = HEAD + (this.#received.readUInt32BE() & 0xff_ffff);
      if (kind > Kind.Pong) return this.#fail(`frames of the kind ${kind} are reserved`);
      if (this.#received.length < end) return;
      const body = this.#received.subarray(HEAD, end);
      this.#received = this.#received.subarray(end);
      if (kind === Kind.Message) this.#deliver(body);
      else if (kind === Kind.Ping) this.#write(Kind.Pong, body);
    }
  }

  #deliver(body: Buffer): void {
    const data = this.#isText ? body.toString() : body.buffer.slice(body.byteOffset, body.byteOffset + body.length);
    this.onmessage?.({ data });
  }

  #fail(reason: string): void {
    this.#ended(1009, reason);
    this.#socket.destroy();
  }

  #ended(code: number, reason: string): void {
    if (this.readyState === CLOSED) return;
    this.readyState = CLOSED;
    this.onclose?.({ code, reason });
  }
}
