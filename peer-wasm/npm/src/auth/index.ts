import type { Authenticator, Secret } from '../../index.js';
import { cryptosign } from './cryptosign.js';
import { reveal } from './proof.js';
import { scram } from './scram.js';
import { wampcra } from './wampcra.js';

/** Makers of authenticators. Each object answers any number of attempts, also at the same time. */
export const auth = {
  anonymous({ authid }: { authid?: string } = {}): Authenticator {
    return { method: 'anonymous', ...(authid !== undefined && { authid }) };
  },

  cookie(): Authenticator {
    return { method: 'cookie' };
  },

  certificate(): Authenticator {
    return { method: 'tls' };
  },

  ticket({ authid, ticket }: { authid?: string; ticket: Secret }): Authenticator {
    return {
      method: 'ticket',
      ...(authid !== undefined && { authid }),
      needsConfidentiality: true,
      respond: () => reveal(ticket),
    };
  },

  wampcra,
  scram,
  cryptosign,
};
