// AutobahnJS, with its own serializers and defaults.
const CLASSES = { json: 'JSONSerializer', msgpack: 'MsgpackSerializer', cbor: 'CBORSerializer' };

/** `autobahn` is the library; it takes its WebSocket from the global object, where `socket` is put for it. */
export async function open({ autobahn }, { url, serializer, socket }) {
  const usual = globalThis.WebSocket;
  if (socket) globalThis.WebSocket = function (address, protocols) { return socket(address, protocols); };
  const connection = new autobahn.Connection({
    url,
    realm: 'realm1',
    serializers: [new autobahn.serializer[CLASSES[serializer]]()],
    use_deferred: deferred,
    max_retries: 0,
  });
  const session = await new Promise((resolve, reject) => {
    connection.onopen = resolve;
    connection.onclose = (reason, details) => {
      reject(new Error(details?.reason ?? reason));
      return true;
    };
    connection.open();
  });
  globalThis.WebSocket = usual;
  return {
    call: (procedure, args) => session.call(procedure, args),
    register: (procedure, handler) => session.register(procedure, (args) => handler(args)),
    async callProgressive(procedure, args, onProgress) {
      listener = onProgress;
      const result = session.call(procedure, args, {}, { receive_progress: true });
      listener = undefined;
      await result;
    },
    subscribe: (topic, handler) => session.subscribe(topic, ([value]) => handler(value)),
    publish: (topic, value) => session.publish(topic, [value]),
    publishAcknowledged: (topic, value) => session.publish(topic, [value], {}, { acknowledge: true }),
    close: () => new Promise((resolve) => {
      connection.onclose = resolve;
      connection.close();
    }),
  };
}

/** Who gets the progress of the call that is being made. */
let listener;

/** Native promises, with the `notify` that the library calls for progress. */
function deferred() {
  const made = { notify: listener ?? (() => {}) };
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}
