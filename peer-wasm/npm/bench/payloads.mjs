// What is measured with: arguments of a small event, and a list of records of about 10 KB in MessagePack.

/** About 80 bytes of MessagePack as an EVENT. */
export const small = { sensor: 'kitchen', celsius: 21.5, humidity: 40, ok: true, at: 'noon' };

const NAMES = ['Ada Lovelace', 'Grace Hopper', 'Katherine Johnson', 'Annie Easley', 'Radia Perlman'];

/** 62 records with the same keys. */
export const records = Array.from({ length: 62 }, (_, i) => ({
  id: 100_000 + i * 37,
  name: NAMES[i % NAMES.length],
  email: `person${i}@example.com`,
  active: i % 3 !== 0,
  score: i * 1.25 + 0.1,
  balance: i * 1000 - 31_000,
  tags: ['member', i % 2 ? 'staff' : 'guest', `group-${i % 7}`],
  address: { street: `${i} High Street`, city: 'Springfield', zip: String(10_000 + i) },
  seen: null,
}));

/** Ids as routers draw them. */
export const SUBSCRIPTION = 5_512_315_355;
export const PUBLICATION = 4_429_313_566_123;

export const event = (data) => [36, SUBSCRIPTION, PUBLICATION, {}, [data]];
export const publish = (request, data) => [16, request, {}, 'com.example.bench', [data]];
