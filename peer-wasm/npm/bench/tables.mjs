// Measurements as Markdown.
import { SCENARIOS } from './scenarios.mjs';

/** Tables about clients: how many times faster we are, and what was measured. */
export function clientTables(where, running) {
  const subjects = running.map(({ subject, turns }) => ({ ...subject, turns: summaries(turns) }));
  const ours = subjects.filter(({ library }) => library === 'wamplex');
  const rate = (subject, scenario) => subject.turns[scenario]?.perSecond;
  const fastest = (library, serializer, scenario) => Math.max(
    0, ...subjects.filter((s) => s.library === library && (!serializer || s.serializer === serializer)).map((s) => rate(s, scenario) ?? 0),
  );
  const ratio = (scenario, library, serializer) => (subject) => {
    const theirs = fastest(library, serializer && subject.serializer, scenario);
    return theirs > 0 ? `${(rate(subject, scenario) / theirs).toFixed(2)}` : '–';
  };
  const ratios = Object.keys(SCENARIOS).flatMap((scenario) => ['wampy', 'autobahn'].flatMap((library) => [
    [`${scenario}: times ${library}, same serializer`, ...ours.map(ratio(scenario, library, true))],
    [`${scenario}: times ${library} at its fastest`, ...ours.map(ratio(scenario, library, false))],
  ]));
  const figures = (cell) => Object.keys(SCENARIOS).map((scenario) => [scenario, ...subjects.map((s) => cell(s.turns[scenario]))]);
  const names = subjects.map(({ name }) => name);
  return {
    ratios: `\n## Clients ${where}: how many times as much per second\n\n${table(['', ...ours.map(({ name }) => name)], ratios)}`,
    figures:
      `\n## Clients ${where}: per second (median of the rounds)\n\n${table(['', ...names], figures((t) => whole(t?.perSecond)))}` +
      `\n## Clients ${where}: CPU time of sender and receiver, in µs for each\n\n${table(['', ...names], figures((t) => tenths(t?.cpu)))}`,
  };
}

/** Tables about codecs; the first of each group is ours. */
export function codecTables(where, groups) {
  const ratios = groups.map(({ what, rows: [ours, ...others] }) => {
    const best = others.reduce((a, b) => (b.median < a.median ? b : a));
    return [what, ours.name, ...['msgpackr', '@msgpack/msgpack'].map((name) => {
      const other = others.find((row) => row.name === name);
      return other ? (other.median / ours.median).toFixed(2) : '–';
    }), `${(best.median / ours.median).toFixed(2)} (${best.name})`];
  });
  const figures = groups.flatMap(({ what, rows }) => rows.map((row) => [what, row.name, whole(row.min), whole(row.median)]));
  return {
    ratios: `\n## Codecs ${where}: how many times as fast\n\n${table(['', 'ours', 'than msgpackr', 'than @msgpack/msgpack', 'than the best'], ratios)}`,
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
    cpu: median(list.map(({ count, cpu }) => (cpu * 1000) / count)),
  }]));
}

const whole = (number) => (number === undefined ? '–' : Math.round(number).toLocaleString('en'));
const tenths = (number) => (number === undefined || Number.isNaN(number) ? '–' : number.toFixed(1));

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |\n`;
  return line(head) + line(head.map((_, i) => (i === 0 ? '---' : '---:'))) + rows.map(line).join('');
}
