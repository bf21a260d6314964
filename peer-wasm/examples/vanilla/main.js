import { Client } from 'wamplex';

const url = new URLSearchParams(location.search).get('router') ?? 'ws://127.0.0.1:8080/ws';
// The client connects when something is asked of it, and again whenever the connection is lost.
const client = new Client(url, { realm: 'realm1' });

const find = (selector) => document.querySelector(selector);
client.addEventListener('statechange', ({ detail }) => (find('#state').textContent = detail.state));

// Publish what is typed. Without `excludeMe: false` all pages but this one would get it.
find('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const { text } = event.target.elements;
  await client.publish('com.example.said', text.value, { excludeMe: false });
  text.value = '';
});

// Call a procedure. Of all pages that serve it the router asks one, then the next.
find('#add').addEventListener('click', async () => {
  find('output').textContent = await client.call('com.example.add2', [2, 3], { timeout: 3000 });
});

// Both are restored when the connection was lost.
await client.subscribe('com.example.said', ({ data }) => {
  const item = document.createElement('li');
  item.textContent = data;
  find('ul').append(item);
});
await client.register('com.example.add2', ([a, b]) => a + b, { invoke: 'roundrobin' });
