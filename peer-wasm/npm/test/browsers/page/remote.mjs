// What only Node can do is done by the runner, which this page asks over a WebSocket (../control.mjs).
import { Buffer } from './globals.mjs';

const asked = new Map();
const objects = new Map();
let last = 0;
let opened;

/** Asks the runner. */
export async function ask(what, ...args) {
  const socket = await (opened ??= open());
  const id = ++last;
  const answer = new Promise((resolve, reject) => asked.set(id, { resolve, reject }));
  socket.send(JSON.stringify({ id, what, args }, packed));
  return answer;
}

/** Calls `listener(event, ...args)` for what the runner says of this object. */
export function listen(object, listener) {
  objects.set(object, listener);
}

/** A function of a module that runs in Node; methods of the object that it returns do, too. */
export const remoteFunction = (module, name) => async (...args) => {
  const { object, data, methods } = await ask('call', module, name, args);
  const own = methods.map((method) => [method, (...given) => ask('method', object, method, given)]);
  return Object.assign(data ?? {}, Object.fromEntries(own));
};

async function open() {
  const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/control`);
  socket.onmessage = ({ data }) => {
    const { id, value, error, object, event, args } = JSON.parse(data, unpacked);
    if (object !== undefined) return objects.get(object)?.(event, ...args);
    const { resolve, reject } = asked.get(id);
    asked.delete(id);
    if (error === undefined) resolve(value);
    else reject(new Error(error));
  };
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onclose = () => reject(new Error('the runner is not there'));
  });
  return socket;
}

export function packed(_, value) {
  if (value instanceof ArrayBuffer) value = new Uint8Array(value);
  return value instanceof Uint8Array ? { $bytes: Buffer.from(value).toString('base64') } : value;
}

export function unpacked(_, value) {
  return typeof value?.$bytes === 'string' ? Buffer.from(value.$bytes, 'base64') : value;
}
