// A worker whose name is the address of the router and a prefix for what it offers. It ends itself when it is told so.
import { serve } from 'wamplex/worker';

const [url, prefix] = self.name.split(' ');
const share = serve(url, { realm: 'realm1', reconnect: { initialDelay: 1, maxDelay: 50 } });
void share.client.register(`${prefix}.tabs`, () => share.tabs, { forceReregister: true }).catch(() => {});
new BroadcastChannel(self.name).onmessage = () => self.close();
