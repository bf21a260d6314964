/** Persona, which AutobahnJS still has, is no more. */
export function auth_persona(): never {
  throw new Error('Mozilla shut Persona down in 2016: there is nobody left who could vouch for a user');
}
