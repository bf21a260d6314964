// Compiled and never run: what is exported is what testing.d.ts declares.
import type * as declared from '../../testing.js';
import * as exported from './index.js';

exported satisfies typeof declared;
