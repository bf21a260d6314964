// Compiled and never run: what is exported is what react.d.ts declares.
import type * as declared from '../../react.js';
import * as exported from './index.js';

exported satisfies typeof declared;
