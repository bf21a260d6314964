'use client';

export { useCall, useCallResult, useStream } from './calls.js';
export { ClientProvider, WampProvider, useClient, useConnectionState, useSession } from './client.js';
export { useEvents, useLatest, useRegistration, useSubscription } from './held.js';
