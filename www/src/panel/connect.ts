import type { SerializerName } from 'wamplex';
import type { Connection, Phase } from '../connection.ts';
import { button, byId, onSubmit, select } from '../dom/element.ts';
import { Field } from '../dom/field.ts';
import { NOT_CONNECTED, sentenceFor } from '../fault.ts';
import { countdown } from '../model/figures.ts';

/** How often the time to the next attempt is shown anew, in milliseconds. */
const TICK_MS = 200;

/**
 * The form that opens and closes the session.
 * The page's own address may fill it in: `?url=`, `?realm=`, `?serializer=`, `?autoconnect=0`.
 */
export function connectPanel(connection: Connection): void {
  const url = new Field('url');
  const realm = new Field('realm');
  const serializer = select('serializer');
  const query = new URLSearchParams(location.search);

  url.text = query.get('url') ?? ownRouter();
  realm.text = query.get('realm') ?? 'realm1';
  const wanted = query.get('serializer');
  if (wanted !== null && [...serializer.options].some((option) => option.value === wanted)) serializer.value = wanted;

  async function connect(): Promise<void> {
    const urlFault = routerFault(url.text.trim());
    if (urlFault !== undefined) url.fail(urlFault);
    if (realm.text.trim() === '') realm.fail('Write the name of a realm, such as realm1.');
    if (urlFault !== undefined || realm.text.trim() === '') return;
    await connection.open({
      url: url.text.trim(),
      realm: realm.text.trim(),
      serializer: serializer.value as SerializerName,
    });
  }

  onSubmit('connect-form', () => (isOn(connection.phase) ? connection.close() : connect()));
  connection.watch((phase, fault) => show(connection, phase, fault));
  button('try-now').addEventListener('click', () => connection.tryNow());
  setInterval(() => showAttempt(connection), TICK_MS);
  if (query.get('autoconnect') !== '0' && !import.meta.env.DEV) void connect();
}

function show(connection: Connection, phase: Phase, fault: unknown): void {
  const status = byId('status', HTMLElement);
  status.textContent = phase;
  status.dataset['state'] = phase;
  byId('session', HTMLElement).textContent = summary(connection);
  button('try-now').hidden = phase !== 'reconnecting';
  showAttempt(connection);
  const error = byId('connect-error', HTMLElement);
  error.textContent = fault === undefined ? '' : sentenceFor(fault);
  const toggle = button('connect');
  toggle.textContent = isOn(phase) ? (phase === 'connected' ? 'Disconnect' : 'Stop') : 'Connect';
  toggle.classList.toggle('main', !isOn(phase));
  if (phase === 'connected') clearStaleFaults();
}

/** Sentences that asked for a session are out of date once there is one. */
function clearStaleFaults(): void {
  for (const error of document.querySelectorAll('.error, .outcome')) {
    if (error.textContent === NOT_CONNECTED) error.textContent = '';
  }
}

/** Which attempt comes next, and when. */
function showAttempt({ attempt }: Connection): void {
  const text = attempt ? `attempt ${attempt.number} ${countdown(attempt.at - Date.now())}` : '';
  const shown = byId('attempt', HTMLElement);
  if (shown.textContent !== text) shown.textContent = text;
}

function summary({ session }: Connection): string {
  if (session === null) return '';
  return `session ${session.id} · ${session.realm} · ${session.serializer} · ${session.authrole}`;
}

function isOn(phase: Phase): boolean {
  return phase === 'connecting' || phase === 'connected' || phase === 'reconnecting';
}

/** The address of the router that served this page. */
function ownRouter(): string {
  if (!location.protocol.startsWith('http')) return 'ws://127.0.0.1:8080/ws';
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`;
}

function routerFault(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'ws:' && url?.protocol !== 'wss:') {
    return 'A router’s address starts with ws:// or wss://, such as ws://127.0.0.1:8080/ws.';
  }
  if (url.protocol === 'ws:' && location.protocol === 'https:') {
    return 'This page came over https, so the browser only opens wss:// from it.';
  }
  return undefined;
}
