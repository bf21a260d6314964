import { checkBigint } from './values.js';
import type { BinaryWriter, Format } from './writer.js';

/** MessagePack, the shortest form of everything. */
export const msgpack: Format = {
  NULL: 0xc0,
  FALSE: 0xc2,
  TRUE: 0xc3,
  STRING: 0xa0,
  DICT: 0x80,
  FLOAT64: 0xcb,

  int(w, value) {
    if (value >= 0) {
      if (value < 0x80) w.u8(value);
      else if (value < 0x100) head(w, 0xcc, value, 1);
      else if (value < 0x10000) head(w, 0xcd, value, 2);
      else if (value < 0x100000000) head(w, 0xce, value, 4);
      else long64(w, 0xcf, value);
    } else if (value >= -0x20) w.u8(value & 0xff);
    else if (value >= -0x80) head(w, 0xd0, value & 0xff, 1);
    else if (value >= -0x8000) head(w, 0xd1, value & 0xffff, 2);
    else if (value >= -0x80000000) head(w, 0xd2, value >>> 0, 4);
    else long64(w, 0xd3, value);
  },

  bigint(w, value) {
    if (value >= -9007199254740992n && value <= 9007199254740992n) return this.int(w, Number(value));
    checkBigint(value);
    w.u8(value < 0n ? 0xd3 : 0xcf);
    w.u64(BigInt.asUintN(64, value));
  },

  stringHead(w, bytes) {
    if (bytes < 32) w.u8(0xa0 | bytes);
    else if (bytes < 0x100) head(w, 0xd9, bytes, 1);
    else long(w, 0xda, bytes);
  },

  binaryHead(w, bytes) {
    if (bytes < 0x100) head(w, 0xc4, bytes, 1);
    else long(w, 0xc5, bytes);
  },

  listHead(w, items) {
    if (items < 16) w.u8(0x90 | items);
    else long(w, 0xdc, items);
  },

  dictHead(w, entries) {
    if (entries < 16) w.u8(0x80 | entries);
    else long(w, 0xde, entries);
  },
};

/** A length in two bytes, or in four after the next code. */
function long(w: BinaryWriter, code: number, length: number): void {
  if (length < 0x10000) head(w, code, length, 2);
  else head(w, code + 1, length, 4);
}

function head(w: BinaryWriter, code: number, value: number, width: 1 | 2 | 4): void {
  w.u8(code);
  if (width === 1) w.u8(value);
  else if (width === 2) w.u16(value);
  else w.u32(value);
}

function long64(w: BinaryWriter, code: number, value: number): void {
  w.u8(code);
  w.i54(value);
}
