import { auth } from 'wamplex';
import { connect } from 'wamplex/worker';
import { outcome } from '../scenario.mjs';
import Tabs from '../worker.mjs?sharedworker';

const connectTab = (name, options) => connect(() => new Tabs({ name }), options);
outcome({ auth, connect: connectTab }, location.href).then((found) => console.log(JSON.stringify(found)));
