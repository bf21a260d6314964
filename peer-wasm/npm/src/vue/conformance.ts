// Compiled and never run: what is exported is what vue.d.ts declares.
import type * as declared from '../../vue.js';
import * as exported from './index.js';

exported satisfies typeof declared;
