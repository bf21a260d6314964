// ../../proxy.mjs, as far as tests use it: its connections fail all at once.
import { remoteFunction } from './remote.mjs';

const start = remoteFunction('browsers/proxy.mjs', 'startProxy');

export async function startProxy(target) {
  const { url, failAll, pauseAll, stop } = await start(target);
  const side = (name) => ({ pause: () => void pauseAll(name) });
  return { url, stop, connections: [{ near: side('near'), far: side('far') }], fail: (_, fault) => void failAll(fault) };
}
