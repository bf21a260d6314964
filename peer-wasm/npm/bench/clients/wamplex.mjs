// Our client, with its defaults or without the subprotocols that put several messages into one frame.

/** `Client` is that of the package, `socket` makes another WebSocket than the usual one. */
export async function open({ Client }, { url, serializer, batched, socket = (...given) => new WebSocket(...given) }) {
  const webSocket = (address, protocols) => socket(address, protocols.filter((name) => batched || !name.endsWith('.batched')));
  const client = new Client(url, { realm: 'realm1', serializers: [serializer], webSocket });
  await client.connect();
  return {
    call: (procedure, args) => client.call(procedure, args),
    register: (procedure, handler) => client.register(procedure, (args) => handler(args)),
    /** A procedure that sends `count` progressive results before its last one. */
    registerProgressive: (procedure) => client.register(procedure, async ([count, value], { progress }) => {
      for (let i = 0; i < count; i++) await progress(value);
    }),
    async callProgressive(procedure, args, onProgress) {
      const stream = client.stream(procedure, args);
      for await (const value of stream) onProgress(value);
    },
    subscribe: (topic, handler) => client.subscribe(topic, ({ data }) => handler(data)),
    publish: (topic, value) => client.publish(topic, value),
    publishAcknowledged: (topic, value) => client.publish(topic, value, { acknowledge: true }),
    close: () => client.close(),
  };
}
