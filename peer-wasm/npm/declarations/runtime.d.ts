// What the libraries of the consumer may or may not know.

/** The instance type of a global class where the consumer has it, else `Fallback`. */
type GlobalOr<Name extends string, Fallback> = typeof globalThis extends { readonly [K in Name]: { prototype: infer T } }
  ? T
  : Fallback;

interface MinimalAbortSignal {
  readonly aborted: boolean;
  readonly reason: any;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: (event: any) => void, options?: any): void;
  removeEventListener(type: 'abort', listener: (event: any) => void, options?: any): void;
}

interface MinimalEvent<Detail> {
  readonly type: string;
  readonly detail: Detail;
  readonly defaultPrevented: boolean;
  preventDefault(): void;
}

interface MinimalReadableStream<T> extends AsyncIterable<T> {
  cancel(reason?: any): Promise<void>;
  getReader(): { read(): Promise<{ done: false; value: T } | { done: true; value?: T | undefined }>; cancel(reason?: any): Promise<void>; releaseLock(): void };
}

/** An `AbortSignal`, of the consumer's own libraries where they know it. */
export type AbortSignalType = GlobalOr<'AbortSignal', MinimalAbortSignal>;
/** A `CryptoKey` of WebCrypto. */
export type CryptoKeyType = GlobalOr<'CryptoKey', { readonly type: string; readonly extractable: boolean }>;
/** A `CustomEvent` with this `detail`. */
export type CustomEventType<Detail> = typeof globalThis extends { CustomEvent: { prototype: infer E } }
  ? Omit<E, 'detail'> & { readonly detail: Detail }
  : MinimalEvent<Detail>;
/** A `ReadableStream`, which can be iterated, too. */
export type ReadableStreamType<T> = GlobalOr<'ReadableStream', MinimalReadableStream<T>> & AsyncIterable<T>;

/** `{ [Symbol.asyncDispose](): Promise<void> }` where that symbol is known, else nothing. */
export type Disposable = SymbolConstructor extends { readonly asyncDispose: infer S extends symbol }
  ? { [K in S]: () => Promise<void> }
  : {};

/** Anything that prints as a URL: a string or a `URL`. */
export type UrlLike = string | { readonly href: string };

/** The part of the `WebSocket` interface that the client uses: what a transport of one's own has to be. */
export interface WebSocketLike {
  /** The client sets it to `arraybuffer`. */
  binaryType: string;
  readonly readyState: number;
  /** The subprotocol that the router has chosen, such as `wamp.2.cbor`. */
  readonly protocol: string;
  /** Octets that are not yet sent: callees are slowed down by it. */
  readonly bufferedAmount: number;
  /** Set by the client; to be called when messages can be sent. */
  onopen: ((event: any) => any) | null;
  /** Set by the client; to be called with each message in `event.data`, text or an `ArrayBuffer`. */
  onmessage: ((event: any) => any) | null;
  /** Set by the client; to be called once when it is over, with `code` and `reason`. */
  onclose: ((event: any) => any) | null;
  /** Set by the client; to be called when it fails, before `onclose`. */
  onerror: ((event: any) => any) | null;
  /** Sends one message, text or octets, in order. */
  send(data: any): void;
  /** Ends it. */
  close(code?: number, reason?: string): void;
}

/** A compiled module, its bytes, a URL or a `Response` to compile it from, or a promise of one of these. */
export type WasmSource = string | object;

export {};
