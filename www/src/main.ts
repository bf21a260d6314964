import { Connection } from './connection.ts';
import { callPanel } from './panel/call.ts';
import { connectPanel } from './panel/connect.ts';
import { publishPanel } from './panel/publish.ts';
import { registerPanel } from './panel/register.ts';
import { subscribePanel } from './panel/subscribe.ts';
import { wirePanel } from './panel/wire.ts';

const connection = new Connection();

wirePanel(connection);
const publish = publishPanel(connection);
subscribePanel(connection, { publishTo: publish.prepare });
const register = registerPanel(connection, { callIt: (procedure, args) => call.prepare(procedure, args) });
const call = callPanel(connection, { registerIt: register.prepare });
connectPanel(connection);
