// What page/proxy.mjs asks for.
import * as network from '../proxy.mjs';

export async function startProxy(target) {
  const proxy = await network.startProxy(target);
  return {
    url: proxy.url,
    failAll(fault) {
      for (const pair of proxy.connections) proxy.fail(pair, fault);
    },
    pauseAll(side) {
      for (const pair of proxy.connections) pair[side].pause();
    },
    stop: () => proxy.stop(),
  };
}
