// As much of node:crypto as the tests use. It answers at once, so the page waits for the runner, which has it.
import { Buffer } from './globals.mjs';
import { packed, unpacked } from './remote.mjs';

function now(name, ...args) {
  const request = new XMLHttpRequest();
  request.open('POST', `/crypto/${name}`, false);
  request.send(JSON.stringify(args, packed));
  if (request.status !== 200) throw new Error(request.responseText);
  return JSON.parse(request.responseText, unpacked);
}

const hashing = (name, ...how) => {
  const parts = [];
  const self = {
    update: (data) => (parts.push(Buffer.from(data)), self),
    digest: (encoding) => {
      const bytes = now(name, ...how, Buffer.concat(parts));
      return encoding ? bytes.toString(encoding) : bytes;
    },
  };
  return self;
};

export const createHash = (algorithm) => hashing('hash', algorithm);
export const createHmac = (algorithm, key) => hashing('hmac', algorithm, Buffer.from(key));
export const pbkdf2Sync = (password, salt, iterations, length, digest) =>
  now('pbkdf2', Buffer.from(password), Buffer.from(salt), iterations, length, digest);
export const createPrivateKey = ({ key }) => ({ pkcs8: Buffer.from(key) });
export const createPublicKey = ({ pkcs8 }) => ({ export: () => now('spki', pkcs8) });
export const sign = (_, data, { pkcs8 }) => now('sign', Buffer.from(data), pkcs8);
export const webcrypto = globalThis.crypto;
export const randomBytes = (length) => crypto.getRandomValues(Buffer.alloc(length));
export const randomUUID = () => crypto.randomUUID();
