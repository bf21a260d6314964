import type { EventMessage, Gap, Subscription } from 'wamplex';
import type { Connection } from '../connection.ts';
import { button, byId, list, make, onSubmit, rowButton, select } from '../dom/element.ts';
import { Field } from '../dom/field.ts';
import { payloadView } from '../dom/json-view.ts';
import { StreamList } from '../dom/stream-list.ts';
import { NOT_CONNECTED, sentenceFor } from '../fault.ts';
import { clock, counted, duration, perSecond } from '../model/figures.ts';
import { Rate } from '../model/rate.ts';
import { uriFault, type Match } from '../model/uri.ts';

interface Received {
  readonly at: number;
  readonly event: EventMessage;
  readonly by: Subscribed;
}

/** A time without a session, between two events. */
interface Missed {
  readonly at: number;
  readonly gap: Gap;
}

interface Subscribed {
  readonly topic: string;
  readonly match: Match;
  readonly hue: number;
  readonly pill: HTMLLIElement;
  readonly count: HTMLElement;
  events: number;
  subscription?: Subscription;
}

const LIMIT = 200;
/** How much of a payload a row shows, in characters. The raw message shows more. */
const IN_ROW = 1000;
const HUES = 6;

/** The live topic view: what the page is subscribed to, and what comes of it. */
export function subscribePanel(connection: Connection, { publishTo }: { publishTo: (topic: string) => void }): void {
  const topic = new Field('subscribe-topic');
  const match = select('subscribe-match');
  const pills = byId('subscriptions', HTMLUListElement);
  const active = new Set<Subscribed>();
  const rate = new Rate();
  const events = new StreamList<Received | Missed>(list('events'), { limit: LIMIT, row, drawn: summarize });
  let made = 0;
  let received = 0;
  let lostAt = 0;

  function summarize(): void {
    const { cut } = events.log;
    const parts = received === 0 ? [] : [counted(received, 'event'), perSecond(rate.perSecond(performance.now()))];
    if (cut > 0) parts.push(`${cut.toLocaleString('en')} cut`);
    byId('events-summary', HTMLElement).textContent = parts.join(' · ');
    for (const { count, events, pill, subscription } of active) {
      count.textContent = events.toLocaleString('en');
      pill.dataset['state'] = subscription?.state;
    }
  }

  async function subscribe(): Promise<void> {
    const uri = topic.text.trim();
    const how = match.value as Match;
    const fault = uriFault(uri, how) ?? (connection.client ? undefined : NOT_CONNECTED) ?? twice(active, uri, how);
    if (fault !== undefined || connection.client === undefined) return topic.fail(fault ?? NOT_CONNECTED);
    topic.clear();
    const subscribed = describe(uri, how, made % HUES);
    try {
      const subscription = await connection.client.subscribe(uri, (event) => receive(subscribed, event), { match: how, ongap: miss });
      made += 1;
      add(subscribed, subscription);
    } catch (error) {
      topic.fail(sentenceFor(error));
    }
  }

  /** Every subscription tells of the same lost session, and each of what the router has dropped of its own events. */
  function miss(gap: Gap): void {
    if (!gap.dropped) {
      if (gap.lostAt === lostAt) return;
      lostAt = gap.lostAt;
    }
    events.push({ at: gap.restoredAt, gap });
  }

  function receive(by: Subscribed, event: EventMessage): void {
    by.events += 1;
    received += 1;
    rate.add(performance.now());
    events.push({ at: Date.now(), event, by });
  }

  function add(subscribed: Subscribed, subscription: Subscription): void {
    const { pill, topic: uri } = subscribed;
    subscribed.subscription = subscription;
    if (subscribed.match === 'exact') pill.append(rowButton('publish', `Publish to ${uri}`, () => publishTo(uri)));
    pill.append(
      rowButton('×', `Unsubscribe from ${uri}`, () => {
        subscription.unsubscribe().catch((error: unknown) => topic.fail(sentenceFor(error)));
      }),
    );
    active.add(subscribed);
    pills.append(pill);
    void subscription.closed.then(() => remove(subscribed));
  }

  function remove(subscribed: Subscribed): void {
    active.delete(subscribed);
    subscribed.pill.remove();
  }

  onSubmit('subscribe-form', subscribe);
  button('events-clear').addEventListener('click', () => {
    received = 0;
    events.clear();
  });
  connection.watch(summarize);
  setInterval(summarize, 500);
}

function describe(topic: string, match: Match, hue: number): Subscribed {
  const count = make('span', 'count', '0');
  count.title = 'events received';
  const pill = make('li', 'pill', make('span', 'dot'), make('code', 'uri', topic === '' ? '(everything)' : topic));
  pill.dataset['hue'] = String(hue);
  if (match !== 'exact') pill.append(make('small', '', match));
  pill.append(count);
  return { topic, match, hue, pill, count, events: 0 };
}

function twice(active: ReadonlySet<Subscribed>, topic: string, match: Match): string | undefined {
  const same = [...active].some((each) => each.topic === topic && each.match === match);
  return same ? 'The page is subscribed to this topic already.' : undefined;
}

function row(item: Received | Missed): HTMLLIElement {
  return 'gap' in item ? gapRow(item) : eventRow(item);
}

function gapRow({ at, gap }: Missed): HTMLLIElement {
  const text = gap.dropped
    ? `Too slow for the router: it has dropped ${gap.dropped} ${gap.dropped === 1 ? 'event' : 'events'}`
    : `No session for ${duration(gap.restoredAt - gap.lostAt)}: events of that time are missing`;
  return make('li', 'row gap', make('span', 'head', make('span', '', text), make('time', '', clock(at))));
}

function eventRow({ at, event, by }: Received): HTMLLIElement {
  const head = make('span', 'head', make('span', 'dot'), make('code', 'uri', event.topic), make('time', '', clock(at)));
  const shown = make('li', 'row', head, payloadView(event.args, event.kwargs, IN_ROW));
  shown.dataset['hue'] = String(by.hue);
  shown.title = `publication ${event.publication}`;
  return shown;
}
