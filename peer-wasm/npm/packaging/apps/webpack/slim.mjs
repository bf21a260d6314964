import { auth, connect } from 'wamplex/slim';
import { outcome } from './scenario.mjs';

const wasm = new URL('wamplex/wamplex.wasm', import.meta.url);
outcome({ auth, connect, wasm }, location.href).then((found) => console.log(JSON.stringify(found)));
