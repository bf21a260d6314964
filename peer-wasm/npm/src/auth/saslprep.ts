import { refused } from '../errors.js';

// The tables of RFC 3454 as far as the properties of Unicode express them: what they only forbid because it did not
// exist in 2002 is not known here, and a router does not have such passwords.
const NOTHING = /[\u00ad\u034f\u1806\u200b-\u200d\u2060\ufeff\p{VS}]/gu;
const PROHIBITED = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{NChar}\p{Zl}\p{Zp}\u2ff0-\u2ffb\ufffc\ufffd]/u;
/** A letter that is written from right to left. */
const BACKWARD = String.raw`(?=\p{L})[\p{sc=Hebr}\p{sc=Arab}\p{sc=Syrc}\p{sc=Thaa}]`;

/** A name or password as both sides hash it (RFC 4013). */
export function saslprep(given: string, what: string): string {
  const prepared = /^[ -~]*$/.test(given) ? given : prepare(given, what);
  if (prepared === '') throw refused(`the ${what} is empty`);
  return prepared;
}

function prepare(given: string, what: string): string {
  const prepared = given.replace(/\p{Zs}/gu, ' ').replace(NOTHING, '').normalize('NFKC');
  if (PROHIBITED.test(prepared) || !hasOneDirection(prepared)) {
    throw refused(`the ${what} has characters that are not allowed`);
  }
  return prepared;
}

/** Text that has letters written from right to left has no others, and begins and ends with them. */
function hasOneDirection(text: string): boolean {
  return !new RegExp(BACKWARD, 'u').test(text) || new RegExp(`^${BACKWARD}((${BACKWARD}|\\P{L})*${BACKWARD})?$`, 'u').test(text);
}
