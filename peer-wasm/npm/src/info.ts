import type { SerializerName, SessionInfo } from '../index.js';

/** What WELCOME said. */
export function sessionInfo(
  id: number,
  details: Record<string, any>,
  serializer: SerializerName,
  url: string,
  realm: string,
): SessionInfo {
  return Object.freeze({
    id,
    realm: details['realm'] ?? realm,
    authid: details['authid'] ?? '',
    authrole: details['authrole'] ?? '',
    authmethod: details['authmethod'] ?? '',
    authprovider: details['authprovider'],
    authextra: details['authextra'] ?? {},
    serializer,
    url,
    details,
    supports: (role: string, feature: string): boolean => details['roles']?.[role]?.features?.[feature] === true,
  });
}
