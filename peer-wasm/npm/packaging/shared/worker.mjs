// A SharedWorker whose name is the address of the router.
import { auth } from 'wamplex';
import { serve } from 'wamplex/worker';

serve(self.name, {
  realm: 'realm1',
  auth: auth.scram({ authid: 'ann', password: 'pencil' }),
  reconnect: { initialDelay: 50, maxDelay: 500 },
});
