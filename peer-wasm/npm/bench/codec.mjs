// Codecs on the same messages, in turns. What our client does is measured whole, from the frame that its socket gets to
// the handler of the application and from `publish` to the frame that its socket is given; the others only decode and
// encode the message.
import { Decoder, Encoder, decode as decodeMsgpack, encode as encodeMsgpack } from '@msgpack/msgpack';
import { Encoder as CborX } from 'cbor-x';
import { Packr } from 'msgpackr';
import { open } from './clients/wamplex.mjs';
import { loopback } from './loopback.mjs';
import { event, lists, publish, smalls, unlikes } from './payloads.mjs';
import { median } from './tables.mjs';

const utf8 = new TextEncoder();
const packr = new Packr({ useRecords: false });
const cborx = new CborX({ useRecords: false, mapsAsObjects: true, int64AsNumber: true });
const decoder = new Decoder();
const encoder = new Encoder();

const JSON_TEXT = { name: 'JSON', encode: JSON.stringify, decode: JSON.parse };
const JSON_BYTES = { name: 'JSON and TextEncoder', encode: (value) => utf8.encode(JSON.stringify(value)) };
const MSGPACKR = { name: 'msgpackr', encode: (value) => packr.pack(value), decode: (bytes) => packr.unpack(bytes) };
const MSGPACK = { name: '@msgpack/msgpack', encode: (value) => encoder.encode(value), decode: (bytes) => decoder.decode(bytes) };
const CBORX = { name: 'cbor-x', encode: (value) => cborx.encode(value), decode: (bytes) => cborx.decode(bytes) };

const SERIALIZERS = {
  msgpack: { others: [MSGPACKR, MSGPACK, JSON_TEXT], encode: encodeMsgpack, decode: decodeMsgpack },
  cbor: { others: [CBORX, JSON_TEXT], encode: (value) => new Uint8Array(cborx.encode(value)), decode: (bytes) => cborx.decode(bytes) },
  json: { others: [JSON_TEXT, JSON_BYTES], encode: JSON.stringify, decode: JSON.parse },
};
const VALUES = { 'small event': smalls, '10 KB event': lists, '10 KB event of unlike strings': unlikes };

/** Groups of rows: who took how many nanoseconds. */
export async function measureCodecs({ wamplex, short }) {
  const groups = [];
  for (const [serializer, { others, encode, decode }] of Object.entries(SERIALIZERS)) {
    const router = loopback({ encode: (value) => frameOf(encode(value)), decode, subprotocol: `wamp.2.${serializer}` });
    const ours = await open(wamplex, { url: 'ws://localhost/', serializer, batched: false, socket: router.open });
    let received;
    await ours.subscribe('com.example.bench', (value) => { received = value; });
    router.ready((frame) => { received = frame; });
    for (const [size, values] of Object.entries(VALUES)) {
      const events = values.map(event);
      const decoding = { name: 'wamplex', run: decodes(encode, router, () => received, events, values) };
      groups.push(await measured(`decode ${size}, ${serializer}`, [decoding, ...others.filter((o) => o.decode).map((other) => ({
        name: other.name, run: decodesWith(other, events),
      }))], short));
      const encoding = { name: 'wamplex', run: await encodes(ours, values, () => received, decode) };
      groups.push(await measured(`encode ${size}, ${serializer}`, [encoding, ...others.map((other) => ({
        name: other.name, run: encodesWith(other, values.map((value) => publish(4711, value))),
      }))], short));
    }
    await ours.close();
  }
  return groups;
}

function decodes(encode, router, received, messages, values) {
  const frames = messages.map((message) => frameOf(encode(message)));
  frames.forEach((frame, i) => {
    router.deliver(frame);
    same(received(), values[i]);
  });
  return (count) => { for (let i = 0; i < count; i++) router.deliver(frames[i % frames.length]); };
}

async function encodes(client, values, sent, decode) {
  await client.publish('com.example.bench', values[0]);
  same(decode(sent()).at(-1)[0], values[0]);
  return async (count) => {
    // As an application would that makes several messages in one turn of the event loop.
    for (let i = 0; i < count; i += 16) {
      for (let k = 1; k < 16; k++) client.publish('com.example.bench', values[k % values.length]);
      await client.publish('com.example.bench', values[0]);
    }
  };
}

function decodesWith({ encode, decode }, messages) {
  const all = messages.map(encode).map((bytes) => (typeof bytes === 'string' ? bytes : new Uint8Array(bytes)));
  same(decode(all[0]).at(-1)[0], messages[0].at(-1)[0]);
  return (count) => { for (let i = 0; i < count; i++) last = decode(all[i % all.length]); };
}

function encodesWith({ encode }, messages) {
  return (count) => { for (let i = 0; i < count; i++) last = encode(messages[i % messages.length]); };
}

/** Keeps the engine from leaving out what nobody reads. */
export let last;

async function measured(what, subjects, short) {
  const [rounds, milliseconds] = short ? [5, 15] : [15, 30];
  const rows = subjects.map((subject) => ({ ...subject, count: 256, times: [] }));
  for (let round = -2; round < rounds; round++) {
    for (const row of rows) {
      const began = performance.now();
      await row.run(row.count);
      const each = ((performance.now() - began) * 1e6) / row.count;
      if (round >= 0) row.times.push(each);
      row.count = Math.max(16, Math.ceil((milliseconds * 1e6) / each / 16) * 16);
    }
  }
  return { what, rows: rows.map(({ name, times }) => ({ name, min: Math.min(...times), median: median(times) })) };
}

/** What a WebSocket delivers: text, or a buffer of its own. */
function frameOf(encoded) {
  return typeof encoded === 'string' ? encoded : encoded.slice().buffer;
}

function same(a, b) {
  if (JSON.stringify(a) !== JSON.stringify(b)) throw new Error(`not what was written: ${JSON.stringify(a)}`);
}
