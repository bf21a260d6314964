// The same as program.mjs over RawSocket, which the router speaks on the same port.
import process from 'node:process';
import { auth, connect } from 'wamplex';
import { rawSocket } from 'wamplex/rawsocket';
import { outcome } from './scenario.mjs';

const connectRaw = (url, options) => connect(url.replace(/^ws/, 'tcp'), { ...options, webSocket: rawSocket() });
console.log(JSON.stringify(await outcome({ auth, connect: connectRaw }, process.argv[2])));
