import type { Authenticator, Challenge, Secret } from '../../index.js';
import { base64 } from '../base64.js';
import { bounded, hmac, pbkdf2, reveal, text, utf8 } from './proof.js';

/** A signature with a shared secret ("WAMP: Challenge Response Authentication"). */
export function wampcra({ authid, secret }: { authid: string; secret: Secret }): Authenticator {
  return {
    method: 'wampcra',
    authid,
    async respond({ extra }: Challenge) {
      const challenge = text(extra, 'challenge');
      const salt = extra['salt'] ?? undefined;
      let key = await reveal(secret);
      if (salt !== undefined) {
        const iterations = bounded(extra, 'iterations', 1000, 10_000_000, 1000);
        const length = bounded(extra, 'keylen', 16, 1024, 32);
        // The text of the derived key is what everybody signs with, and not what it stands for.
        key = base64(await pbkdf2(utf8(key), utf8(text(extra, 'salt')), iterations, length));
      }
      return base64(await hmac(utf8(key), utf8(challenge)));
    },
  };
}
