// Codecs in Node, with the libraries of Node.
import { load } from './libraries.mjs';
import { measureCodecs } from './codec.mjs';

export async function benchCodecs(short) {
  return measureCodecs({ wamplex: await load('wamplex'), short });
}
