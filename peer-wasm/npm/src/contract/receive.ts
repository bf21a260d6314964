import type { EventMessage } from '../../index.js';
import type { Subscription } from '../subscription.js';
import { DATA, KWARGS, after, both, type Definition, type TopicSchemas } from './definition.js';

export type Receive = (event: EventMessage) => EventMessage | Promise<EventMessage>;

/** Makes of an event what subscribers get, or throws. */
export function receiver(known: Definition<TopicSchemas>): Receive {
  const { data: schema, kwargs: named } = known.schemas;
  return (event) => {
    const params = known.params(event.topic);
    if (!schema && !named) return { ...event, params };
    const checked = both(known.judge(schema, event.data, DATA), () => known.judge(named, event.kwargs, KWARGS));
    return after(checked, ([data, kwargs]): EventMessage => {
      const args = schema ? [data, ...event.args.slice(1)] : event.args;
      return { ...event, data, args, kwargs, params };
    });
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
