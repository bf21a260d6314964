// Workers compile at deployment only: importing the file gives the module.
// @ts-ignore: no types for it
import module from './wamplex.wasm';
import { setDefaultSource } from './wasm.js';

setDefaultSource(() => module);

export * from './api.js';
