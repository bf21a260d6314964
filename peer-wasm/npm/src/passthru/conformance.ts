// Compiled and never run: what is exported is what passthru.d.ts declares.
import type * as declared from '../../passthru.js';
import * as exported from './index.js';

exported satisfies typeof declared;
