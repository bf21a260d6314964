// Writes the rows of bench/peers/run as tables in Markdown.

import { execFileSync } from 'node:child_process'
import { cpus, release } from 'node:os'
import { bars } from './chart.mjs'
import { ROUTERS, SERIALIZERS } from './routers.mjs'
import { SCENARIOS } from './scenarios.mjs'

const NAMES = { msgpack: 'MessagePack', json: 'JSON' }

/** The page of results. `rows` has the rows of each scenario, serializer and router, by these three names. */
export function render(rows) {
    const notes = []
    const table = (title, text, wanted, figure, better) => {
        const lines = tableOf(rows, wanted, figure, better, notes)
        return lines.length ? ['', `## ${title}`, '', text, '', ...lines] : []
    }
    const timed = ({ memory }) => !memory
    const body = [
        ...goals(rows),
        '',
        '![Processor time per message](processor-time.svg)',
        ...table(
            'Processor time', 'Microseconds of processor time of all processes of the router per message delivered, user and system together.',
            timed, row => row.cpu_us, 'less',
        ),
        ...table(
            'Rate', 'Messages delivered per second; generator and router have two processor cores each.',
            ({ memory, fixed }) => !memory && !fixed, row => row['msgs/s'], 'more',
        ),
        ...table(
            'Latency', 'Microseconds from sending to receiving: of a call until its result, of an event until it arrives. Half of all were faster.',
            ({ latency }) => latency, row => row.p50_us, 'less',
        ),
        ...table(
            'Memory', 'KiB by which the router grows per idle session.',
            ({ memory }) => memory, row => row.KiB_each, 'less',
        ),
    ]
    return `${[...head(rows), ...body, ...footnotes(notes)].join('\n')}\n`
}

/** The graph of processor time, in the serializer that all routers speak. */
export function graph(rows) {
    const names = Object.keys(ROUTERS)
    const groups = Object.entries(SCENARIOS).filter(([, { memory }]) => !memory).map(([scenario, { title }]) => ({
        title, values: names.map(name => median(rows[`${scenario} json ${name}`], row => row.cpu_us)),
    }))
    return bars({
        title: 'Processor time of the router per message', unit: 'µs, JSON over WebSocket',
        names: names.map(name => ROUTERS[name].title),
        groups: groups.filter(({ values }) => values.some(value => value !== undefined)),
        label: number,
    })
}

function head(rows) {
    const [{ model }, ...others] = cpus()
    const rounds = [...new Set(Object.values(rows).map(({ length }) => length))].sort((a, b) => a - b).join(' to ')
    const used = Object.values(ROUTERS).map(({ title, version, differs }) => `| ${title} | ${version()} | ${differs} |`)
    return [
        '# Wamplex side by side with other routers',
        '',
        'Written by `bench/peers/run`, which installs the routers, starts each on a loopback port, loads all in turn with',
        `\`wamplex bench\` and takes the median of its rounds, of which there were ${rounds}; [README.md](README.md) says more.`,
        'In parentheses: how many times better Wamplex is. Payload 128 bytes, WebSocket. Compare within this page only:',
        'another machine, other figures.',
        '',
        `Machine: ${others.length + 1} × ${model.trim()}, Linux ${release()}, Node ${process.versions.node}, Python ${python()}.`,
        '',
        '| router | version | what is not as it comes |',
        '|---|---|---|',
        ...used,
    ]
}

/** Latency against that of the best other router, round by round, where there is a goal. */
function goals(rows) {
    const lines = []
    for (const [scenario, { title, goal }] of Object.entries(SCENARIOS).filter(([, { goal }]) => goal)) {
        for (const serializer of SERIALIZERS) {
            const [ours, ...others] = Object.keys(ROUTERS).map(name => rows[`${scenario} ${serializer} ${name}`] ?? [])
            const p50 = row => row?.p50_us ?? Infinity
            const ratios = ours.map((row, round) => p50(row) / Math.min(...others.map(other => p50(other[round]))))
                .filter(ratio => ratio > 0 && Number.isFinite(ratio))
            if (!ratios.length) continue
            const found = median(ratios, ratio => ratio)
            const [least, most] = [Math.min(...ratios), Math.max(...ratios)].map(ratio => ratio.toFixed(2))
            const verdict = found <= goal ? 'reached' : '**missed**'
            lines.push(`| ${title} | ${NAMES[serializer]} | ≤ ${goal} × | ${found.toFixed(2)} × | ${least} to ${most} in ${ratios.length} rounds | ${verdict} |`)
        }
    }
    return lines.length
        ? ['', '## Goal', '', 'Latency that half of all are below, against the best of the other routers in the same round; the median of all rounds.',
            '', '| | | goal | found | | |', '|---|---|---:|---:|---|---|', ...lines]
        : []
}

function tableOf(rows, wanted, figure, better, notes) {
    const lines = []
    for (const [scenario, plan] of Object.entries(SCENARIOS).filter(([, plan]) => wanted(plan))) {
        for (const serializer of SERIALIZERS) {
            const cells = Object.keys(ROUTERS).map(name => rows[`${scenario} ${serializer} ${name}`])
            if (!cells.some(Boolean)) continue
            const ours = median(cells[0], figure)
            const written = cells.map((cell, at) => cellOf(cell, figure, at === 0 ? undefined : ours, better, notes))
            lines.push(`| ${plan.title} | ${NAMES[serializer]} | ${written.join(' | ')} |`)
        }
    }
    const titles = Object.values(ROUTERS).map(({ title }) => title)
    return lines.length
        ? [`| | | ${titles.join(' | ')} |`, `|---|---|${titles.map(() => '---:').join('|')}|`, ...lines]
        : []
}

function cellOf(rows, figure, ours, better, notes) {
    if (!rows) return '–'
    const reason = rows.find(({ failed }) => failed)?.failed
    if (reason && !notes.includes(reason)) notes.push(reason)
    const note = reason ? ` [${notes.indexOf(reason) + 1}]` : ''
    const value = median(rows, figure)
    if (value === undefined) return `failed${note}`
    // A run may be too short for a slow router to deliver anything.
    if (value === 0) return `nothing${note}`
    const times = better === 'less' ? value / ours : ours / value
    return `${number(value)}${ours === undefined ? '' : ` (${number(times)} ×)`}${note}`
}

function footnotes(notes) {
    if (!notes.length) return []
    const said = notes.map((note, at) => `- [${at + 1}] ${note.replaceAll('\n', ' ')}`)
    return ['', 'Why a run of a router has no figure:', '', ...said]
}

function median(rows, figure) {
    const all = (rows ?? []).map(figure).filter(value => value !== undefined && value !== null).sort((a, b) => a - b)
    if (!all.length) return undefined
    return (all[(all.length - 1) >> 1] + all[all.length >> 1]) / 2
}

const number = value => {
    if (value >= 10_000) return `${Math.round(value / 1000)} k`
    return value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

function python() {
    return execFileSync('python3', ['--version'], { encoding: 'utf8' }).trim().split(' ').pop()
}
