// Hooks are compared with their declarations for a contract that allows everything.
import type { Untyped } from '../../index.js';

declare module '../../declarations/register.js' {
  interface Register {
    contract: Untyped;
  }
}
