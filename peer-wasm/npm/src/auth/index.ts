import type { Authenticator, Secret } from '../../index.js';
import { cryptosign } from './cryptosign.js';
import { reveal } from './proof.js';
import { scram } from './scram.js';
import { wampcra } from './wampcra.js';

export function anonymous({ authid }: { authid?: string } = {}): Authenticator {
  return { method: 'anonymous', authid };
}

/** Makers of authenticators. Each object answers any number of attempts, also at the same time. */
export const auth = {
  anonymous,

  cookie(): Authenticator {
    return { method: 'cookie' };
  },

  certificate(): Authenticator {
    return { method: 'tls' };
  },

  ticket({ authid, ticket }: { authid?: string; ticket: Secret }): Authenticator {
    return {
      method: 'ticket',
      authid,
      needsConfidentiality: true,
      respond: () => reveal(ticket),
    };
  },

  wampcra,
  scram,
  cryptosign,
};
