/** How deeply a value may be nested. Routers refuse 128 levels with the message itself counted; this leaves room. */
export const MAX_DEPTH = 120;

export const MIN_INT = -(2n ** 63n);
export const MAX_INT = 2n ** 64n - 1n;

/** The bytes of an `ArrayBuffer` or of any view; `undefined` for everything else. */
export function asBinary(value: object): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  // Not `instanceof`: buffers of other realms are buffers too.
  const isBuffer = /^.object (Shared)?ArrayBuffer.$/.test(Object.prototype.toString.call(value));
  return isBuffer ? new Uint8Array(value as ArrayBuffer).slice() : undefined;
}

/** The string with every half of a broken surrogate pair replaced: receivers refuse what is not Unicode. */
export function wellFormed(value: string): string {
  return value.replace(/\p{Surrogate}/gu, '\ufffd');
}

export function checkBigint(value: bigint): bigint {
  if (value < MIN_INT || value > MAX_INT) throw new RangeError(`${value} does not fit 64 bits`);
  return value;
}

export function notEncodable(value: unknown): TypeError {
  return new TypeError(`a ${typeof value} cannot be sent`);
}
