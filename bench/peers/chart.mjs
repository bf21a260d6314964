// Bars on an axis where each step is ten times the last, as SVG. They look like the graphs of `wamplex bench --suite`.

const WIDTH = 720
const LEFT = 260
const RIGHT = 70
const TOP = 84
const BAR = 16
const GAP = 14

/** Distinguishable for the colour-blind, and by their lightness in print. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7']

/**
 * A graph with a group of bars for each of `groups`: `{ title, values }`, with as many values as there are `names`;
 * undefined ones have no bar. `label` writes a value.
 */
export function bars({ title, unit, names, groups, label }) {
    const values = groups.flatMap(group => group.values).filter(value => value > 0)
    const low = 10 ** Math.floor(Math.log10(Math.min(...values)) - 1e-9)
    const high = 10 ** Math.ceil(Math.log10(Math.max(...values)))
    const place = value => LEFT + Math.log(value / low) / Math.log(high / low) * (WIDTH - LEFT - RIGHT)
    const tall = names.length * BAR + GAP
    const height = TOP + groups.length * tall + 40
    const parts = [
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}" `
            + 'font-family="system-ui, sans-serif" font-size="13" fill="#222">',
        `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
        `<text x="16" y="26" font-size="16" font-weight="600">${title}</text>`,
        ...names.map((name, at) => legend(name, 16 + at * 130, COLOURS[at])),
    ]
    for (let tick = low; tick <= high * 1.01; tick *= 10) {
        const x = place(tick).toFixed(1)
        parts.push(
            `<line x1="${x}" y1="${TOP - 8}" x2="${x}" y2="${height - 34}" stroke="#ddd"/>`,
            `<text x="${x}" y="${height - 18}" text-anchor="middle">${Number(tick.toPrecision(3))}</text>`,
        )
    }
    parts.push(`<text x="16" y="${height - 18}">${unit}</text>`)
    groups.forEach((group, at) => {
        const top = TOP + at * tall
        const middle = top + names.length * BAR / 2 + 5
        parts.push(`<text x="${LEFT - 12}" y="${middle}" text-anchor="end">${group.title}</text>`)
        group.values.forEach((value, row) => {
            if (value === undefined) return
            const [y, end] = [top + row * BAR, place(value)]
            parts.push(
                `<rect x="${LEFT}" y="${y}" width="${(end - LEFT).toFixed(1)}" height="${BAR - 3}" fill="${COLOURS[row]}"/>`,
                `<text x="${(end + 6).toFixed(1)}" y="${y + 11}" font-size="11">${label(value)}</text>`,
            )
        })
    })
    return `${[...parts, '</svg>'].join('\n')}\n`
}

const legend = (name, x, colour) =>
    `<rect x="${x}" y="46" width="12" height="12" fill="${colour}"/><text x="${x + 18}" y="57">${name}</text>`
