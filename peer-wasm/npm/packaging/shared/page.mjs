// The script of a page: what came of the scenario stands in a variable for whoever drives the browser.
import { auth, connect } from 'wamplex';
import { outcome } from './scenario.mjs';

outcome({ auth, connect }, location.href).then((found) => (globalThis.outcome = found));
