// A program with one argument, an address with a query. It prints what came of the scenario, and ends by itself.
import process from 'node:process';
import { auth, connect } from 'wamplex';
import { outcome } from './scenario.mjs';

console.log(JSON.stringify(await outcome({ auth, connect }, process.argv[2])));
