/** What begins a value of a major type, in the terms of CBOR (RFC 8949, section 3). */
export interface Head {
  /** The byte for numbers below `fits`, which go over it bit by bit. */
  readonly short: number;
  readonly fits: number;
  /** The code before a number in one byte; those for two, four and eight come next. */
  readonly long: number;
  /** Numbers from here on do not go into one byte. */
  readonly byte: number;
  /** Whether it is written with its sign, in two's complement, rather than how far below -1 it is. */
  readonly signed: boolean;
}

export const enum Major {
  Unsigned = 0,
  Negative = 1,
  Binary = 2,
  Text = 3,
  List = 4,
  Dict = 5,
}

/** What MessagePack and CBOR do differently. Integers from 0 to 23 are the same byte in both. */
export interface Format {
  readonly NULL: number;
  readonly FALSE: number;
  readonly TRUE: number;
  readonly FLOAT64: number;
  /** By `Major`. */
  readonly heads: readonly Head[];
}

/** MessagePack, the shortest form of everything. */
export const msgpack: Format = {
  NULL: 0xc0,
  FALSE: 0xc2,
  TRUE: 0xc3,
  FLOAT64: 0xcb,
  heads: [head(0, 0x80, 0xcc), head(0xff, 0x20, 0xd0, 0x80, true), head(0, 0, 0xc4), head(0xa0, 32, 0xd9), head(0x90, 16, 0xdb, 0), head(0x80, 16, 0xdd, 0)],
};

/** CBOR with definite lengths, the shortest form of everything but floats. */
export const cbor: Format = {
  NULL: 0xf6,
  FALSE: 0xf4,
  TRUE: 0xf5,
  FLOAT64: 0xfb,
  heads: [0x00, 0x20, 0x40, 0x60, 0x80, 0xa0].map((major) => head(major, 24, major + 24)),
};

function head(short: number, fits: number, long: number, byte = 0x100, signed = false): Head {
  return { short, fits, long, byte, signed };
}
