import { getPublicKey, hashes, sign } from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import { Connection, type ConnectionOptions } from './connection.js';
import * as log from './log.js';
import { atob, btoa, btoh, htob } from './util.js';

/** A key pair as NaCl has it: the secret key is the seed and then the public key. */
export interface KeyPair {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

function pairOf(seed: Uint8Array): KeyPair {
  hashes.sha512 = sha512;
  const publicKey = getPublicKey(seed);
  return { publicKey, secretKey: Uint8Array.of(...seed, ...publicKey) };
}

/** The key of that name in `localStorage`; a new one if there is none, or if that is asked for. */
export function load_private_key(name: string, force_regenerate?: boolean): KeyPair {
  let seed = atob(localStorage.getItem(name));
  if (!seed || force_regenerate) {
    seed = crypto.getRandomValues(new Uint8Array(32));
    localStorage.setItem(name, btoa(seed)!);
    log.debug(`new key seed "${name}" saved to local storage!`);
  } else {
    log.debug(`key seed "${name}" loaded from local storage!`);
  }
  return pairOf(seed);
}

export function delete_private_key(name: string): void {
  // Over the old one first, as far as that helps.
  localStorage.setItem(name, btoa(crypto.getRandomValues(new Uint8Array(32)))!);
  localStorage.removeItem(name);
}

/** In hexadecimal digits. */
export function public_key(pkey: KeyPair): string {
  return btoh(pkey.publicKey)!;
}

/** The answer to a challenge. */
export function sign_challenge(pkey: KeyPair, extra: { readonly challenge: string }): string {
  hashes.sha512 = sha512;
  const challenge = htob(extra.challenge)!;
  return btoh(sign(challenge, pkey.secretKey.subarray(0, 32)))! + btoh(challenge)!;
}

type Config = Omit<ConnectionOptions, 'authmethods' | 'authextra' | 'onchallenge'> & {
  pkey: KeyPair;
  activation_code?: string;
  request_new_activation_code?: boolean;
  debug?: boolean;
};

/** A connection that proves itself with a key. */
export function create_connection({ pkey, activation_code, request_new_activation_code, debug, ...options }: Config): Connection {
  if (debug) console.log(options.url, options.realm, options.authid, public_key(pkey));
  const authextra = {
    pubkey: public_key(pkey), trustroot: null, challenge: null, channel_binding: null, activation_code, request_new_activation_code,
  };
  const onchallenge = (_session: unknown, method: string, extra: any): string => {
    if (method !== 'cryptosign') throw new Error(`don't know how to authenticate using '${method}'`);
    return sign_challenge(pkey, extra);
  };
  return new Connection({ ...options, authmethods: ['cryptosign'], authextra, onchallenge } as ConnectionOptions);
}
