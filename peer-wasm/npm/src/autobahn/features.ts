type Features = Record<string, unknown>;

/** What this client can do, by its role, and whose counterpart the router has to be. */
const OURS: readonly (readonly [role: string, counterpart: string, features: readonly string[]])[] = [
  ['publisher', 'broker', ['publisher_identification', 'subscriber_blackwhite_listing', 'publisher_exclusion']],
  ['subscriber', 'broker', ['publisher_identification', 'pattern_based_subscription', 'subscription_revocation']],
  ['caller', 'dealer', ['caller_identification', 'call_canceling', 'call_timeout', 'progressive_call_results']],
  ['callee', 'dealer', [
    'caller_identification', 'pattern_based_registration', 'shared_registration', 'call_canceling', 'progressive_call_results',
    'registration_revocation',
  ]],
];

/** What both sides can do: the features of the roles of the client, as far as the router has its part of them. */
export function commonFeatures(roles: Readonly<Record<string, any>> = {}): Record<string, Features> {
  const common: Record<string, Features> = {};
  for (const [role, counterpart, names] of OURS) {
    const theirs = roles[counterpart];
    if (!theirs) continue;
    common[role] = theirs.features ? Object.fromEntries(names.map((name) => [name, theirs.features[name]])) : {};
  }
  return common;
}
