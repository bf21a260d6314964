// What is measured with: arguments of a small event, and lists of records of about 10 KB in MessagePack. Who sends the same
// kind of message again sends other content, so that there are several of each.

/** How many of each kind there are: more than what a codec may remember of the strings in them. */
const MESSAGES = 16;
const many = (make) => Array.from({ length: MESSAGES }, (_, i) => make(i));

const PLACES = ['kitchen', 'cellar', 'roof', 'hall'];
/** About 80 bytes of MessagePack as an EVENT. */
export const smalls = many((i) => ({ sensor: PLACES[i % 4], celsius: 21.5 + i / 4, humidity: 40 + i, ok: i % 5 !== 0, at: `${i}:00` }));

const NAMES = ['Ada Lovelace', 'Grace Hopper', 'Katherine Johnson', 'Annie Easley', 'Radia Perlman'];

/** 62 records with the same keys: eight strings in each, of which five are one of a few, as names of states and kinds are. */
export const lists = many((message) => Array.from({ length: 62 }, (_, row) => record(62 * message + row, row)));

function record(i, row) {
  return {
    id: 100_000 + i * 37,
    name: NAMES[i % NAMES.length],
    email: `person${i}@example.com`,
    active: i % 3 !== 0,
    score: row * 1.25 + 0.1,
    balance: row * 1000 - 31_000,
    tags: ['member', i % 2 ? 'staff' : 'guest', `group-${i % 7}`],
    address: { street: `${i} High Street`, city: 'Springfield', zip: String(10_000 + i) },
    seen: null,
  };
}

let drawn = 1;
/** The same records, with strings of which no two are alike. */
export const unlikes = lists.map((list) => list.map(unlike));

function unlike(value) {
  if (typeof value === 'string') {
    drawn = (drawn * 48_271) % 0x7fff_ffff;
    return drawn.toString(36).padEnd(value.length, value).slice(0, Math.max(6, value.length));
  }
  if (Array.isArray(value)) return value.map(unlike);
  return value && typeof value === 'object' ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unlike(item)])) : value;
}

/** What clients send to each other. */
export const small = smalls[0];
export const records = lists[0];

/** Ids as routers draw them. */
export const SUBSCRIPTION = 5_512_315_355;
export const PUBLICATION = 4_429_313_566_123;

export const event = (data) => [36, SUBSCRIPTION, PUBLICATION, {}, [data]];
export const publish = (request, data) => [16, request, {}, 'com.example.bench', [data]];
