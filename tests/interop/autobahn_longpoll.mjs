// AutobahnJS over long-poll: `node autobahn_longpoll.mjs http://host:port/lp`. Says what it did, and fails otherwise.
import assert from 'node:assert/strict';
import autobahn from 'autobahn';
import { XMLHttpRequest } from './xhr.mjs';

// The library expects the requests of browsers.
globalThis.XMLHttpRequest = XMLHttpRequest;

function open(url) {
    return new Promise((opened, refused) => {
        const connection = new autobahn.Connection({
            realm: 'realm1',
            transports: [{ type: 'longpoll', url }],
            max_retries: 0,
        });
        connection.onopen = (session) => opened({ connection, session });
        connection.onclose = (reason, details) => {
            refused(new Error(`${reason}: ${details.reason ?? ''} ${details.message ?? ''}`));
            connection.closed?.();
            return true;
        };
        connection.open();
    });
}

/** Leaves the realm, and waits until the transport is closed, too. */
function close({ connection }) {
    return new Promise((closed) => {
        connection.closed = closed;
        connection.close();
    });
}

const [url] = process.argv.slice(2);
const [a, b] = [await open(url), await open(url)];
assert.equal(a.session.isOpen, true);
console.log('joined');

await a.session.register('com.example.sum', ([x, y]) => x + y);
assert.equal(await b.session.call('com.example.sum', [3, 4]), 7);
console.log('called');

const heard = [];
await a.session.subscribe('com.example.topic', (args) => heard.push(args[0]));
for (let n = 0; n < 20; n += 1) {
    await b.session.publish('com.example.topic', [n], {}, { acknowledge: true });
}
while (heard.length < 20) await new Promise((later) => { setTimeout(later, 10); });
assert.deepEqual(heard, [...Array(20).keys()]);
console.log('published');

await assert.rejects(b.session.call('com.example.nothing'), { error: 'wamp.error.no_such_procedure' });
// Longer than the router lets a request wait: the library asks again.
if (process.env.INTEROP_PATIENT) {
    await new Promise((later) => { setTimeout(later, 25_000); });
    assert.equal(await b.session.call('com.example.sum', [5, 6]), 11);
    console.log('waited');
}
await Promise.all([close(a), close(b)]);
console.log('closed');
