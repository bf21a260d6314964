import type { RealmSettings, TestRouterOptions, User } from '../../testing.js';
import { hex } from '../auth/proof.js';
import { saslprep } from '../auth/saslprep.js';

/** The realms that the options ask for, as the compiled router reads them. */
export function realmsOf({ realms = ['realm1'], users = [], privateKey }: TestRouterOptions): { name: string; settings: string }[] {
  if (realms.length === 0) throw new TypeError('a router needs a realm');
  return realms.map((realm) => {
    const given: RealmSettings = typeof realm === 'string' ? { name: realm } : realm;
    const all = [...(given.users ?? []), ...users];
    const settings = { ...given, ...(all.length > 0 && { users: all.map(prepared) }), privateKey };
    return { name: given.name, settings: JSON.stringify(snakeCase(settings)) };
  });
}

/** The router has not got the tables for that. Clients do the same to what they are given. */
function prepared(user: User): User {
  const { authid, password } = user;
  if (typeof password !== 'string') return user;
  try {
    if (saslprep(authid, 'authid') !== authid) throw new Error(`the authid would be ${saslprep(authid, 'authid')}`);
    return { ...user, password: saslprep(password, 'password') };
  } catch (cause) {
    throw new TypeError(`the user ${JSON.stringify(authid)} cannot have this password: ${(cause as Error).message}`, { cause });
  }
}

/** The same with keys as the router spells them, and bytes as it reads them. */
function snakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCase);
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value)) return hex(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  const spelled = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [spelled(key), snakeCase(item)]));
}
