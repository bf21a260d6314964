// Compiled and never run: what is exported is what svelte.d.ts declares.
import type * as declared from '../../svelte.js';
import * as exported from './index.js';

exported satisfies typeof declared;
