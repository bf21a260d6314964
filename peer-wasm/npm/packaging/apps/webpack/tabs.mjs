import { auth } from 'wamplex';
import { connect } from 'wamplex/worker';
import { outcome } from './scenario.mjs';

const connectTab = (name, options) => connect(() => new SharedWorker(new URL('./worker.mjs', import.meta.url), { type: 'module', name }), options);
outcome({ auth, connect: connectTab }, location.href).then((found) => console.log(JSON.stringify(found)));
