// wampy, with its own serializers and defaults.

/** `library` has the class, the serializers and, where the runtime has no WebSocket, that. */
export async function open({ Wampy, serializers, WebSocket }, { url, serializer, socket }) {
  const Socket = socket && function (address, protocols) { return socket(address, protocols); };
  const ws = Socket ?? WebSocket;
  const wampy = new Wampy(url, { realm: 'realm1', serializer: new serializers[serializer](), autoReconnect: false, ...(ws && { ws }) });
  await wampy.connect();
  return {
    call: async (procedure, args) => (await wampy.call(procedure, { argsList: args })).argsList[0],
    register: (procedure, handler) => wampy.register(procedure, async ({ argsList }) => ({ argsList: [await handler(argsList)] })),
    async callProgressive(procedure, args, onProgress) {
      await wampy.call(procedure, { argsList: args }, {
        progress_callback: ({ argsList, details }) => { if (details?.progress) onProgress(argsList[0]); },
      });
    },
    subscribe: (topic, handler) => wampy.subscribe(topic, ({ argsList }) => handler(argsList[0])),
    // The library always asks for the acknowledgement.
    publishAcknowledged: (topic, value) => wampy.publish(topic, { argsList: [value] }),
    close: () => wampy.disconnect(),
  };
}
