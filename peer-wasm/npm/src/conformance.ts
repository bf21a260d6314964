// Compiled and never run: what is exported is what index.d.ts declares.
import type * as declared from '../index.js';
import * as exported from './api.js';

exported satisfies typeof declared;
