import { version } from '../package.json';

const features = (names: string) => ({ features: Object.fromEntries(names.split(' ').map((name) => [name, true])) });

const CALLS = 'progressive_call_results progressive_call_invocations call_timeout call_canceling caller_identification payload_passthru_mode';
const EVENTS = 'publisher_identification payload_passthru_mode ';

/** What this client announces: beside who it is, what it can do ("WAMP: Client/Router Role and Feature Announcement"). */
export const HELLO = {
  agent: `wamplex-js-${version}`,
  roles: {
    publisher: features(`${EVENTS}publisher_exclusion subscriber_blackwhite_listing`),
    subscriber: features(`${EVENTS}pattern_based_subscription subscription_revocation`),
    caller: features(CALLS),
    callee: features(`${CALLS} pattern_based_registration shared_registration registration_revocation`),
  },
};
