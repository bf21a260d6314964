import type { Authenticator } from '../index.js';

export const auth = {
  anonymous({ authid }: { authid?: string } = {}): Authenticator {
    return { method: 'anonymous', ...(authid !== undefined && { authid }) };
  },

  ticket({ authid, ticket }: { authid?: string; ticket: string | (() => string | Promise<string>) }): Authenticator {
    return {
      method: 'ticket',
      ...(authid !== undefined && { authid }),
      respond: () => (typeof ticket === 'function' ? ticket() : ticket),
    };
  },
};
