import load from 'wamplex:core/wasm';
import { setDefaultSource } from './wasm.js';

setDefaultSource(load);

export * from './api.js';
