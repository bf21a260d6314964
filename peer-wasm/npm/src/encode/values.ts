/** How deeply a value may be nested. Routers refuse 128 levels with the message itself counted; this leaves room. */
export const MAX_DEPTH = 120;

/** The bytes of an `ArrayBuffer` or of any view; `undefined` for everything else. */
export function asBinary(value: object): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  // Not `instanceof`: buffers of other realms are buffers too.
  const isBuffer = /^.object (Shared)?ArrayBuffer.$/.test(Object.prototype.toString.call(value));
  return isBuffer ? new Uint8Array(value as ArrayBuffer).slice() : undefined;
}

/** What a collection is sent as: a list, or an object with properties of its own, which any other value is itself. */
export function simplified(value: object): object {
  if (value instanceof Set) return [...value];
  return value instanceof Map ? Object.fromEntries(value) : value;
}

/** The string with every half of a broken surrogate pair replaced: receivers refuse what is not Unicode. */
export function wellFormed(value: string): string {
  return value.replace(/\p{Surrogate}/gu, '\ufffd');
}

export function checkBigint(value: bigint): bigint {
  if (BigInt.asIntN(64, value) !== value && BigInt.asUintN(64, value) !== value) throw new RangeError(`${value} does not fit 64 bits`);
  return value;
}

export function checkDepth(depth: number): void {
  if (depth >= MAX_DEPTH) throw new RangeError(`nested deeper than ${MAX_DEPTH} levels; a reference to itself?`);
}

export function notEncodable(value: unknown): TypeError {
  return new TypeError(`a ${typeof value} cannot be sent`);
}
