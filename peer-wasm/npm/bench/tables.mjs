// Measurements as Markdown.
import { SCENARIOS } from './scenarios.mjs';
import { DEFAULT, SERIALIZERS } from './subjects.mjs';

const OTHERS = ['wampy', 'autobahn'];

/** Tables about clients: how many times faster we are, and what was measured. */
export function clientTables(where, running) {
  const subjects = running.map(({ subject, turns }) => ({ ...subject, turns: summaries(turns) }));
  const scenarios = Object.keys(SCENARIOS);
  const figures = (cell) => table(['', ...scenarios], subjects.map((s) => [s.name, ...scenarios.map((scenario) => cell(s.turns[scenario]))]));
  const ratios = (better) => table(['', ...OTHERS.map((name) => `${name} at its best`), ...SERIALIZERS.flatMap((one) => OTHERS.map((name) => `${one}: ${name}`))],
    scenarios.map((scenario) => [scenario, ...compared(subjects, scenario, better)]));
  const hasCpu = subjects[0].turns[scenarios[0]].cpu > 0;
  return {
    ratios:
      `\n## Clients ${where}: how many times as many per second\n\n${ratios(({ perSecond }) => perSecond)}` +
      (hasCpu ? `\n## Clients ${where}: how many times less CPU time\n\n${ratios(({ cpu }) => 1 / cpu)}` : ''),
    figures:
      `\n## Clients ${where}: per second (median of the rounds)\n\n${figures((turn) => whole(turn?.perSecond))}` +
      (hasCpu ? `\n## Clients ${where}: CPU time of sender and receiver, in µs for each (least of the rounds)\n\n${figures((turn) => tenths(turn?.cpu))}` : ''),
  };
}

/** Ours with its defaults against the best that each other one has, then over each serializer. */
function compared(subjects, scenario, better) {
  const best = (library, serializer) => Math.max(0, ...subjects
    .filter((s) => s.library === library && s.batched !== false && (!serializer || s.serializer === serializer) && s.turns[scenario])
    .map((s) => better(s.turns[scenario])));
  const ratio = (ours, theirs) => (theirs > 0 ? (ours / theirs).toFixed(2) : '–');
  return [
    ...OTHERS.map((name) => ratio(best('wamplex', DEFAULT), best(name))),
    ...SERIALIZERS.flatMap((one) => OTHERS.map((name) => ratio(best('wamplex', one), best(name, one)))),
  ];
}

/** Tables about codecs; the first of each group is ours. */
export function codecTables(where, groups) {
  const ratios = groups.map(({ what, rows: [ours, ...others] }) => {
    // The least is what other programs on the machine disturb least.
    const best = others.reduce((a, b) => (b.min < a.min ? b : a));
    return [what, ...['msgpackr', '@msgpack/msgpack'].map((name) => {
      const other = others.find((row) => row.name === name);
      return other ? (other.min / ours.min).toFixed(2) : '–';
    }), `${(best.min / ours.min).toFixed(2)} (${best.name})`];
  });
  const figures = groups.flatMap(({ what, rows }) => rows.map((row) => [what, row.name, whole(row.min), whole(row.median)]));
  return {
    ratios: `\n## Codecs ${where}: how many times as fast\n\n${table(['', 'than msgpackr', 'than @msgpack/msgpack', 'than the best'], ratios)}`,
    figures: `\n## Codecs ${where}: ns for one message\n\n${table(['', '', 'least', 'median'], figures)}`,
  };
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

function summaries(turns) {
  return Object.fromEntries(Object.entries(turns).filter(([, [first]]) => first.count > 0).map(([scenario, list]) => [scenario, {
    perSecond: median(list.map(({ count, milliseconds }) => (count * 1000) / milliseconds)),
    cpu: Math.min(...list.map(({ count, cpu }) => (cpu * 1000) / count)),
  }]));
}

const whole = (number) => (number === undefined ? '–' : Math.round(number).toLocaleString('en'));
const tenths = (number) => (number === undefined || Number.isNaN(number) ? '–' : number.toFixed(1));

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |\n`;
  return line(head) + line(head.map((_, i) => (i === 0 ? '---' : '---:'))) + rows.map(line).join('');
}
