// What page/crypto.mjs asks for.
import { createHash, createHmac, createPrivateKey, createPublicKey, pbkdf2Sync, sign } from 'node:crypto';

const privateKey = (pkcs8) => createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });

export const CRYPTO = {
  hash: (algorithm, data) => createHash(algorithm).update(data).digest(),
  hmac: (algorithm, key, data) => createHmac(algorithm, key).update(data).digest(),
  pbkdf2: pbkdf2Sync,
  spki: (pkcs8) => createPublicKey(privateKey(pkcs8)).export({ format: 'der', type: 'spki' }),
  sign: (data, pkcs8) => sign(null, data, privateKey(pkcs8)),
};
