export { call, callResult, stream } from './calls.js';
export { connectionState, getClient, session, setClient } from './client.js';
export { events, subscription, useRegistration, useSubscription } from './held.js';
