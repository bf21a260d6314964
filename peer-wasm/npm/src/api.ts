export { auth } from './auth/index.js';
export { Client, connect } from './client.js';
export { AuthError, CanceledError, ConnectionLostError, TimeoutError, WampError } from './errors.js';
