import shared from 'wamplex:serve/shared';
import { loaded } from './loaded.js';
import type { Registrations } from './serve/index.js';

/**
 * What serves procedures, and sends the further arguments of calls: a part that is loaded when there is one. It gets our classes,
 * so that each exists once.
 */
export let Serving: typeof Registrations | undefined;

export async function loadServing(): Promise<void> {
  const { default: make } = await loaded('serve.js', import('wamplex:serve'));
  Serving ??= make(shared);
}
