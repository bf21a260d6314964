// Validators of two libraries as contracts take them.
import * as v from 'valibot';
import { defineContract, procedure, topic, type Client } from '../index.js';
import { z } from 'zod';

const api = defineContract({
  'com.example.search': procedure({ input: z.tuple([z.string()]), output: z.array(z.number()) }).progress(z.number()),
  'com.example.when': procedure({ input: v.tuple([v.pipe(v.string(), v.transform((s) => new Date(s)))]), output: v.number() }),
  'com.example.list': procedure({
    kwargs: z.object({ limit: z.number().default(10), since: z.iso.date().transform((day) => new Date(day)) }),
    outputKwargs: v.object({ of: v.optional(v.number(), 0) }),
  }),
  'com.example.price': topic({ data: z.number(), kwargs: v.object({ currency: v.optional(v.string(), 'EUR') }) }),
  'com.example.said': topic(z.object({ from: z.string(), text: z.string().default('') })),
});

export async function typed(client: Client<typeof api>): Promise<void> {
  const [first] = await client.call('com.example.search', ['x']);
  await client.register('com.example.when', ([date]) => date.getTime());
  await client.call('com.example.when', ['2026-01-01']);
  await client.publish('com.example.said', { from: 'joe' });
  await client.subscribe('com.example.said', ({ data }) => data.text.length);
  await client.call('com.example.list', [], { kwargs: { since: '2026-01-01' } });
  await client.register('com.example.list', (_, { kwargs: { limit, since }, result }) => result({ args: [limit + since.getTime()] }));
  const { kwargs: { of } } = await client.stream('com.example.list', [], { kwargs: { since: '2026-01-01', limit: 5 } }).raw;
  await client.publish('com.example.price', 5);
  await client.publish('com.example.price', 5, { kwargs: { currency: 'CHF' } });
  await client.subscribe('com.example.price', ({ data, kwargs }) => data.toFixed() + kwargs.currency.length);
  void [first?.toFixed(), of.toFixed()];
  // @ts-expect-error: since when?
  await client.call('com.example.list', [], { kwargs: { limit: 5 } });
  // @ts-expect-error: the callee gets dates, the caller gives text
  await client.call('com.example.list', [], { kwargs: { since: new Date() } });
  // @ts-expect-error: currencies have names
  await client.publish('com.example.price', 5, { kwargs: { currency: 7 } });
  // @ts-expect-error: text it is
  await client.call('com.example.search', [1]);
  // @ts-expect-error: the callee gets dates, the caller gives text
  await client.call('com.example.when', [new Date()]);
  // @ts-expect-error: from whom?
  await client.publish('com.example.said', { text: '' });
  // @ts-expect-error: the input of a procedure is a list
  procedure({ input: z.string() });
}
