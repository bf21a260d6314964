import wasm from 'wamplex/wamplex.wasm';
import { connect } from 'wamplex/slim';
import { outcome } from './scenario.mjs';

outcome((url, options) => connect(url, { ...options, wasm }), location.href).then((found) => (globalThis.outcome = found));
