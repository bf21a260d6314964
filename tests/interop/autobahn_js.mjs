// AutobahnJS as a peer program.
import autobahn from 'autobahn';
import WebSocket from 'ws';
import { serveWith } from './autobahn_api.mjs';
import { jsonBinary } from './lines.mjs';

// The library expects the WebSocket of browsers and of later Nodes.
globalThis.WebSocket = WebSocket;

serveWith(autobahn, () => new autobahn.serializer.JSONSerializer(jsonBinary.replacer, jsonBinary.reviver));
