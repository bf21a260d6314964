import type { EventMessage } from '../../index.js';
import type { Subscription } from '../subscription.js';
import { DATA, type Definition, type TopicSchemas } from './definition.js';

export type Receive = (event: EventMessage) => EventMessage | Promise<EventMessage>;

/** Makes of an event what subscribers get, or throws. */
export function receiver(known: Definition<TopicSchemas>): Receive {
  const { data: schema } = known.schemas;
  return (event) => {
    const params = known.params(event.topic);
    if (!schema) return { ...event, params };
    const checked = known.check(schema, event.data, DATA);
    const finish = (data: unknown): EventMessage => ({ ...event, data, args: [data, ...event.args.slice(1)], params });
    return checked instanceof Promise ? checked.then(finish) : finish(checked);
  };
}

/** The subscription, whose iterators leave out what is refused. */
export function reading(subscription: Subscription, receive: Receive, refuse: (error: unknown) => void): Subscription {
  const iterate = subscription[Symbol.asyncIterator].bind(subscription);
  const value = () => {
    const events = iterate();
    let turn: Promise<unknown> = Promise.resolve();
    const next = async (): Promise<IteratorResult<EventMessage, undefined>> => {
      for (;;) {
        const { done, value } = await events.next();
        if (done) return { done, value };
        try {
          return { done: false, value: await receive(value) };
        } catch (error) {
          refuse(error);
        }
      }
    };
    // One after the other: an event that is refused must not make two of them change places.
    return { next: () => (turn = turn.then(next, next)), return: () => events.return!() };
  };
  return Object.defineProperty(subscription, Symbol.asyncIterator, { value });
}
