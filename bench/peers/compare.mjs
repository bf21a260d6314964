// Compares Wamplex with other routers: see README.md. bench/peers/run installs them first.

import { execFile } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs, promisify } from 'node:util'
import { graph, render } from './render.mjs'
import { ROUTERS, SERIALIZERS, WORK, generator, start, stop } from './routers.mjs'
import { SCENARIOS } from './scenarios.mjs'

const ROWS = `${WORK}rows.json`

const options = {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    scenarios: { type: 'string', default: Object.keys(SCENARIOS).join() },
    routers: { type: 'string', default: Object.keys(ROUTERS).join() },
    render: { type: 'boolean', default: false },
}
const { values } = parseArgs({ options })
const chosen = (table, names, what) => names.split(',').map(name => {
    if (!table[name]) fail(`unknown ${what} '${name}': expected ${Object.keys(table).join(', ')}`)
    return name
})
const scenarios = chosen(SCENARIOS, values.scenarios, 'scenario')
const routers = chosen(ROUTERS, values.routers, 'router')
const rounds = Number(values.rounds)
if (!(rounds >= 1)) fail(`--rounds ${values.rounds}: expected a number from 1`)
if (!(Number(values.seconds) > 0)) fail(`--seconds ${values.seconds}: expected more than 0`)

const rows = existsSync(ROWS) ? JSON.parse(readFileSync(ROWS, 'utf8')) : {}
if (!values.render) await measure()
writeFileSync(new URL('RESULTS.md', import.meta.url), render(rows))
writeFileSync(new URL('processor-time.svg', import.meta.url), graph(rows))

async function measure() {
    const running = new Map()
    const broken = new Map()
    const end = async () => {
        for (const [name, router] of running) running.delete(name) && await stop(router)
    }
    // A router that has died, of the load or otherwise, is started again; one that does not start is not tried again.
    const ready = async name => {
        const router = running.get(name)
        if (router && !router.hasEnded()) return router
        if (router) running.delete(name) && await stop(router)
        if (broken.has(name)) throw broken.get(name)
        try {
            running.set(name, await start(name, routerCores()))
        } catch (error) {
            broken.set(name, error)
            throw error
        }
        return running.get(name)
    }
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => end().then(() => process.exit(1)))
    try {
        for (const scenario of scenarios) {
            const { memory, pieces = 1 } = SCENARIOS[scenario]
            for (const name of routers) {
                for (const serializer of ROUTERS[name].serializers) rows[key(scenario, serializer, name)] = []
            }
            // Round by round, each router in its turn, there and back: what else the machine does meets all of them.
            for (let round = 0; round < rounds * pieces; round++) {
                for (const serializer of SERIALIZERS) {
                    const turn = routers.filter(name => ROUTERS[name].serializers.includes(serializer))
                    for (const name of round % 2 ? turn.reverse() : turn) {
                        // What a router holds after other work says nothing about what it takes for a session.
                        if (memory) await end()
                        await load(scenario, serializer, name, ready)
                    }
                }
            }
            writeFileSync(ROWS, JSON.stringify(rows, undefined, 1))
        }
    } finally {
        await end()
    }
    const failed = [...broken.values()].map(({ message }) => message)
    if (failed.length) process.exitCode = 1
    for (const message of failed) console.error(`bench/peers: ${message}`)
}

async function load(scenario, serializer, name, ready) {
    const seconds = Number(values.seconds) / (SCENARIOS[scenario].pieces ?? 1)
    let row
    try {
        const { url, pid } = await ready(name)
        const args = [
            'bench', ...SCENARIOS[scenario].args, '--serializer', serializer, '--seconds', `${seconds}`,
            '--url', url, '--pid', `${pid}`, '--json',
        ]
        const { stdout } = await promisify(execFile)(generator, args, { timeout: 60_000 + 2000 * seconds })
        row = JSON.parse(stdout)
    } catch (error) {
        const said = error.killed ? 'no end within a minute' : error.stderr || error.message
        row = { failed: said.trim().replace(/^wamplex bench: /, '') }
    }
    rows[key(scenario, serializer, name)].push(row)
    console.log(`${scenario}, ${serializer}, ${ROUTERS[name].title}: ${row.failed ?? JSON.stringify(row)}`)
}

/** Where `wamplex bench` would let a router run that it starts itself: behind the cores of the generator. */
function routerCores() {
    const cores = availableParallelism()
    const generator = Math.min(2, Math.floor(cores / 2))
    return cores < 2 ? undefined : `${generator}-${Math.min(cores, generator + 2) - 1}`
}

function key(scenario, serializer, router) {
    return `${scenario} ${serializer} ${router}`
}

function fail(message) {
    console.error(`bench/peers: ${message}`)
    process.exit(2)
}
