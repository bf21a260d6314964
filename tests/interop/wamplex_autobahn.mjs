// What our JavaScript client offers to programs that were written for AutobahnJS, as a peer program.
import autobahn from '../../peer-wasm/npm/dist/autobahn.js';
import { serveWith } from './autobahn_api.mjs';

serveWith(autobahn, () => new autobahn.serializer.JSONSerializer(), { client: { bigint: 'auto' } });
