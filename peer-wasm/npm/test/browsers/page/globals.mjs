// Globals of Node that tests use. They are put into the bundles of the tests alone: the package must not see them.

const encoders = {
  utf8: (bytes) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes),
  hex: (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''),
  base64: (bytes) => btoa(encoders.latin1(bytes)),
  latin1: (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''),
  base64url: (bytes) => encoders.base64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''),
};
const decoders = {
  utf8: (text) => new TextEncoder().encode(text),
  hex: (text) => Array.from(text.match(/../g) ?? [], (digits) => parseInt(digits, 16)),
  latin1: (text) => Array.from(text, (letter) => letter.charCodeAt(0)),
  base64: (text) => decoders.latin1(atob(text.replaceAll('-', '+').replaceAll('_', '/'))),
  base64url: (text) => decoders.base64(text),
};

export class Buffer extends Uint8Array {
  static from(given, encoding = 'utf8') {
    if (typeof given === 'string') return new Buffer(decoders[encoding](given));
    return given instanceof ArrayBuffer ? new Buffer(given) : new Buffer(Array.from(given));
  }

  static alloc(length, fill = 0) {
    return new Buffer(length).fill(fill);
  }

  static concat(parts) {
    return Buffer.from(parts.flatMap((part) => [...part]));
  }

  static isBuffer(value) {
    return value instanceof Buffer;
  }

  readUInt32BE(at = 0) {
    return new DataView(this.buffer, this.byteOffset).getUint32(at);
  }

  writeUInt32BE(value, at = 0) {
    new DataView(this.buffer, this.byteOffset).setUint32(at, value);
    return at + 4;
  }

  equals(other) {
    return this.length === other.length && this.every((byte, i) => byte === other[i]);
  }

  toString(encoding = 'utf8') {
    return encoders[encoding](this);
  }
}

const listeners = { uncaughtException: [], unhandledRejection: [] };

export const process = {
  env: {},
  listeners: (event) => [...(listeners[event] ?? [])],
  on(event, listener) {
    listeners[event]?.push(listener);
    return process;
  },
  off(event, listener) {
    if (listeners[event]) listeners[event] = listeners[event].filter((one) => one !== listener);
    return process;
  },
  removeAllListeners(event) {
    if (listeners[event]) listeners[event] = [];
    return process;
  },
  nextTick: (run, ...args) => queueMicrotask(() => run(...args)),
};

export const setImmediate = (run, ...args) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    run(...args);
  };
  port2.postMessage(null);
};
