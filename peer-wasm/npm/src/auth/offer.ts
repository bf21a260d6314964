import type { AuthContext, AuthResponse, Authenticator } from '../../index.js';
import { refused } from '../errors.js';

type Dict = Record<string, unknown>;

/** The methods that are offered in one HELLO, of which the router chooses. */
export class Offer {
  readonly #authenticators: readonly Authenticator[];
  readonly #context: AuthContext;
  readonly #asked = new Set<Authenticator>();

  constructor(authenticators: readonly Authenticator[], attempt: number, signal: AbortSignal) {
    this.#authenticators = authenticators;
    // One object for each attempt: authenticators know attempts apart by it.
    this.#context = { attempt, signal };
  }

  /** There is one name and one dictionary in HELLO for all methods, so they must not say different things there. */
  async hello(): Promise<Dict> {
    const details: Dict = {};
    const authextra: Dict = {};
    for (const authenticator of this.#authenticators) {
      const said = await authenticator.hello?.(this.#context);
      const authid = said?.authid ?? authenticator.authid;
      if (authid) agree(details, { authid });
      agree(authextra, said?.authextra);
    }
    if (Object.keys(authextra).length > 0) details['authextra'] = authextra;
    return { authmethods: [...new Set(this.#authenticators.map(({ method }) => method))], ...details };
  }

  async respond(method: string, extra: Dict): Promise<AuthResponse> {
    const authenticator = this.#authenticators.find((one) => one.method === method);
    if (!authenticator?.respond) throw new TypeError(`no answer to a challenge by the method '${method}'`);
    const response = await authenticator.respond({ method, extra }, this.#context);
    this.#asked.add(authenticator);
    return typeof response === 'string' ? { signature: response } : response;
  }

  /**
   * Judges WELCOME; not `async`, so that nothing waits where there is nothing to wait for. A router that has not asked
   * may not say that it has used a method that was not offered, and it is not let off proving itself.
   */
  verify(details: Dict): void | Promise<unknown> {
    const claimed = details['authmethod'];
    const said = this.#authenticators.filter(({ method }) => claimed === undefined || claimed === method);
    const judges = this.#asked.size > 0 ? [...this.#asked] : said;
    if (judges.length === 0) throw refused(`the router chose the method '${claimed}', which was not offered`);
    const welcome = { details, authextra: (details['authextra'] ?? {}) as Dict };
    const verdicts = judges.flatMap((judge) => judge.verify?.(welcome, this.#context) ?? []);
    if (verdicts.length > 0) return Promise.all(verdicts);
  }
}

/** Adds what one method says to what the others said. */
function agree(details: Dict, said: Readonly<Dict> = {}): void {
  for (const [key, value] of Object.entries(said)) {
    details[key] ??= value;
    if (value != null && details[key] !== value) throw refused(`the methods offered contradict each other about '${key}'`);
  }
}

/** Whether nobody on the way to this address can read along: encrypted, or never leaving this machine. */
function isConfidential(address: string): boolean {
  const { protocol, hostname } = new URL(address, globalThis.location?.href);
  return /^(wss|https|tls|unix):$/.test(protocol) || /^((.*\.)?localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/** Throws if a secret would be shown where others can read it. */
export function checkConfidentiality(authenticators: readonly Authenticator[], url: string): void {
  const shown = authenticators.find((authenticator) => authenticator.needsConfidentiality);
  if (shown && !isConfidential(url)) throw refused(`'${shown.method}' sends a secret: use wss:// or a connection on this machine`);
}
