export { auth } from './auth/index.js';
export { Client, connect } from './client.js';
export { ValidationError, defineContract, procedure, topic } from './contract/index.js';
export { AuthError, CanceledError, ConnectionLostError, TimeoutError, WampError } from './errors.js';
