import type { Argon2id } from '../../index.js';
import load from 'wamplex:argon2/wasm';

/** What the crate `wamplex-argon2` exports. */
interface Compiled extends WebAssembly.Exports {
  readonly memory: WebAssembly.Memory;
  input(length: number): number;
  bytes(input: number): number;
  derive(input: number, password: number, salt: number, iterations: number, memory: number): number;
}

let module: Promise<WebAssembly.Module> | undefined;

/**
 * Argon2id in WebAssembly, which keeps its thread busy: 35 ms for 19 MiB of memory in two passes, on a laptop. What it
 * needed of memory goes with the instance, of which there is one for each key.
 */
export const argon2id: Argon2id = async (password, salt, { iterations, memory, length }) => {
  module ??= compiled();
  const { exports } = await WebAssembly.instantiate(await module);
  const core = exports as Compiled;
  const input = core.input(password.length + salt.length);
  const bytes = () => new Uint8Array(core.memory.buffer, core.bytes(input) >>> 0);
  bytes().set(password);
  bytes().set(salt, password.length);
  if (!core.derive(input, password.length, salt.length, iterations, memory)) {
    throw new RangeError(`there is no memory for Argon2id with ${memory} KiB`);
  }
  return bytes().slice(0, length);
};

async function compiled(): Promise<WebAssembly.Module> {
  try {
    return await load();
  } catch (cause) {
    module = undefined;
    throw cause;
  }
}
