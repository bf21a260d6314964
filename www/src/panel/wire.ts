import type { TraceDetail } from 'wamplex';
import type { Connection } from '../connection.ts';
import { button, byId, input, list, make, select } from '../dom/element.ts';
import { jsonView } from '../dom/json-view.ts';
import { StreamList } from '../dom/stream-list.ts';
import { bytes, clock, counted } from '../model/figures.ts';
import { kindOf, messageNames, passes } from '../model/wamp-message.ts';

const LIMIT = 500;
/** How much of a message stands on its line, in characters. The whole is below it. */
const ONE_LINE = 500;

/** The log of raw WAMP messages, both ways. */
export function wirePanel(connection: Connection): void {
  const filter = select('log-filter');
  const pretty = input('log-pretty');
  const pause = button('log-pause');
  const log = new StreamList<TraceDetail>(list('log'), {
    limit: LIMIT,
    row: (line) => messageRow(line, pretty.checked),
    shows: ({ message }) => passes(filter.value, message),
    drawn: summarize,
  });
  const volume = { tx: 0, rx: 0 };

  function summarize(): void {
    const { total, cut } = log.log;
    const parts = total === 0 ? [] : [counted(total, 'message'), `↑ ${bytes(volume.tx)}`, `↓ ${bytes(volume.rx)}`];
    if (cut > 0) parts.push(`${cut.toLocaleString('en')} cut`);
    byId('log-summary', HTMLElement).textContent = parts.join(' · ');
    pause.textContent = log.frozen ? `Go on (${log.unseen.toLocaleString('en')} new)` : 'Pause';
    pause.setAttribute('aria-pressed', String(log.frozen));
  }

  connection.trace((line) => {
    volume[line.dir] += line.bytes;
    log.push(line);
  });
  byId('log-filter-names', HTMLOptGroupElement).append(...messageNames().map((name) => new Option(name, name)));
  filter.addEventListener('change', () => log.redraw());
  pretty.addEventListener('change', () => log.redraw());
  pause.addEventListener('click', () => (log.frozen = !log.frozen));
  button('log-clear').addEventListener('click', () => {
    volume.tx = 0;
    volume.rx = 0;
    log.clear();
  });
}

function messageRow(line: TraceDetail, open: boolean): HTMLLIElement {
  const { name, family } = kindOf(line.message);
  const sent = line.dir === 'tx';
  const arrow = make('span', 'arrow', sent ? '↑' : '↓');
  arrow.title = sent ? 'sent' : 'received';
  const direction = make('span', 'unseen', sent ? 'sent ' : 'received ');
  const chip = make('span', 'chip', name);
  const time = make('time', '', clock(line.at));
  const summary = make('summary', '', arrow, direction, chip, jsonView(line.message, 0, ONE_LINE), time);
  const details = make('details', '', summary);
  details.addEventListener('toggle', () => {
    if (details.open && details.childElementCount === 1) details.append(fieldsView(line));
  });
  details.open = open;
  const row = make('li', 'row', details);
  row.dataset['family'] = family;
  row.dataset['dir'] = line.dir;
  row.dataset['type'] = name;
  return row;
}

/** The message with each element on a line of its own and named. */
function fieldsView({ message, bytes: size }: TraceDetail): HTMLElement {
  const { name, fields } = kindOf(message);
  const view = make('dl', 'fields-view');
  message.forEach((element, index) => {
    view.append(make('dt', '', index === 0 ? name : (fields[index - 1] ?? String(index))), make('dd', '', jsonView(element, 2)));
  });
  view.append(make('dt', '', 'size'), make('dd', '', bytes(size)));
  return view;
}
