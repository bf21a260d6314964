import { checkBigint } from './values.js';
import type { BinaryWriter, Format } from './writer.js';

/** CBOR with definite lengths, the shortest form of everything but floats. */
export const cbor: Format = {
  NULL: 0xf6,
  FALSE: 0xf4,
  TRUE: 0xf5,
  STRING: 0x60,
  DICT: 0xa0,
  FLOAT64: 0xfb,

  int(w, value) {
    if (value >= 0) head(w, 0x00, value);
    else head(w, 0x20, -1 - value);
  },

  bigint(w, value) {
    if (value >= -9007199254740992n && value <= 9007199254740992n) return this.int(w, Number(value));
    checkBigint(value);
    w.u8(value < 0n ? 0x3b : 0x1b);
    w.u64(value < 0n ? -1n - value : value);
  },

  stringHead: (w, bytes) => head(w, 0x60, bytes),
  binaryHead: (w, bytes) => head(w, 0x40, bytes),
  listHead: (w, items) => head(w, 0x80, items),
  dictHead: (w, entries) => head(w, 0xa0, entries),
};

function head(w: BinaryWriter, major: number, value: number): void {
  if (value < 24) w.u8(major | value);
  else if (value < 0x100) {
    w.u8(major | 24);
    w.u8(value);
  } else if (value < 0x10000) {
    w.u8(major | 25);
    w.u16(value);
  } else if (value < 0x100000000) {
    w.u8(major | 26);
    w.u32(value);
  } else {
    w.u8(major | 27);
    w.i54(value);
  }
}
