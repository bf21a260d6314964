export { useCall, useCallResult, useStream } from './calls.js';
export { createWamp, provideClient, useClient, useConnectionState, useSession } from './client.js';
export { useEvents, useLatest, useRegistration, useSubscription } from './held.js';
