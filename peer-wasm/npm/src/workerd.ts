import module from 'wamplex:file';
import { setDefaultSource } from './wasm.js';

// Workers compile when they are deployed, and nothing later: importing the file gives the module.
setDefaultSource(() => module);

export * from './api.js';
