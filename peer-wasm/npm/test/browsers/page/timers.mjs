// As much of node:timers/promises as the tests use.
import { setImmediate as soon } from './globals.mjs';

const later = (ms, value) => new Promise((resolve) => globalThis.setTimeout(resolve, ms, value));

export { later as setTimeout };
export const setImmediate = (value) => new Promise((resolve) => soon(resolve, value));
