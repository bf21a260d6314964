import wasm from 'wamplex/wamplex.wasm?url';
import { auth, connect } from 'wamplex/slim';
import { outcome } from '../scenario.mjs';

outcome({ auth, connect, wasm }, location.href).then((found) => console.log(JSON.stringify(found)));
