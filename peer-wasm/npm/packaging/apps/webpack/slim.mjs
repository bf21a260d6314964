import { connect } from 'wamplex/slim';
import { outcome } from './scenario.mjs';

const wasm = new URL('wamplex/wamplex.wasm', import.meta.url);
outcome((url, options) => connect(url, { ...options, wasm }), location.href).then((found) => (globalThis.outcome = found));
