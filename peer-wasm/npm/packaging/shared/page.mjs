// The script of a page, which tells what came of the scenario to whoever drives the browser.
import { auth, connect } from 'wamplex';
import { outcome } from './scenario.mjs';

outcome({ auth, connect }, location.href).then((found) => console.log(JSON.stringify(found)));
