import type { AuthResponse, Authenticator, Challenge } from '../../index.js';

type Answer = string | readonly [signature: string, extra?: Readonly<Record<string, unknown>>];

/** Answers a CHALLENGE. */
export type OnChallenge = (session: any, method: string, extra: any) => Answer | PromiseLike<Answer>;

/** The methods that an application names, each of which it answers itself. */
export function authenticators(
  methods: readonly string[] | null | undefined, authid: string | null | undefined, authextra: object | null | undefined,
  answer: (method: string, extra: Challenge['extra']) => PromiseLike<Answer>,
): Authenticator[] {
  const said = { ...(authid && { authid }), ...(authextra && { authextra: authextra as Record<string, unknown> }) };
  return (methods?.length ? methods : ['anonymous']).map((method) => ({
    method,
    hello: () => said,
    respond: ({ extra }: Challenge) => answer(method, extra).then(response) as Promise<AuthResponse>,
  }));
}

function response(answer: Answer): AuthResponse {
  if (typeof answer === 'string') return { signature: answer };
  const [signature, extra = {}] = answer;
  return { signature, extra };
}
