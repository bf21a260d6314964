export { Registrations } from './registration.js';
