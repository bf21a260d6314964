import type { EventMessage } from '../index.js';
import { NOTHING } from './nothing.js';

/** What an EVENT carries; `topic` is of the subscription, which is the event's own unless the details say otherwise. */
export function eventOf(
  topic: string, publication: number, details: Record<string, any>, args: readonly any[], kwargs: Record<string, any>,
): EventMessage {
  return {
    data: args[0],
    args,
    kwargs,
    topic: details['topic'] ?? topic,
    params: NOTHING,
    publication,
    publisher: details['publisher'],
    publisherAuthid: details['publisher_authid'],
    publisherAuthrole: details['publisher_authrole'],
    retained: details['retained'] === true,
    details,
  };
}
