// The routers that are compared: what is different about each of them, and how they are started and stopped.

import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import WebSocket from 'ws'

/** The realm of every router; its name suits all of them. */
export const REALM = 'realm1'

const here = name => fileURLToPath(new URL(name, import.meta.url))
/** What is written while measuring. */
export const WORK = here('.work/')
const venv = here('../../tests/interop/.venv-crossbar/bin/')
const battler = here('battler/target/release/battler-router')
const wamplex = process.env.WAMPLEX_ROUTER ?? here('../../target/release/wamplex')
/** What has `wamplex bench`: the router, unless another build of it is named. */
export const generator = process.env.WAMPLEX_BENCH ?? wamplex
/** All serializers, in the order of the tables. */
export const SERIALIZERS = ['msgpack', 'json']

const STARTS_WITHIN = 60_000
const STOPS_WITHIN = 15_000

/**
 * What is different about each router. `command` gives program and arguments for a port, `path` is where it speaks
 * WAMP, `differs` what is not as it comes and why.
 */
export const ROUTERS = {
    wamplex: {
        title: 'Wamplex',
        serializers: ['msgpack', 'json'],
        path: '/ws',
        version: () => existsSync(wamplex)
            ? execFileSync(wamplex, ['--version'], { encoding: 'utf8' }).trim().split(' ').pop()
            : /^version = "(.*)"/m.exec(readFileSync(here('../../Cargo.toml'), 'utf8'))[1],
        command: port => [wamplex, '--listen', `127.0.0.1:${port}`],
        differs: 'nothing',
    },
    crossbar: {
        title: 'Crossbar',
        serializers: ['msgpack', 'json'],
        path: '/ws',
        version: () => pythonPackage('crossbar'),
        command: port => [`${venv}crossbar`, 'start', '--cbdir', crossbarFolder(port)],
        differs: 'what `crossbar init` writes, with another port and without its RawSocket port',
    },
    'fox-wamp': {
        title: 'fox-wamp',
        serializers: ['json'],
        path: '/wamp',
        version: () => JSON.parse(readFileSync(here('node_modules/fox-wamp/package.json'), 'utf8')).version,
        command: port => ['node', here('fox-wamp.cjs'), `${port}`],
        differs: 'the program in its README (`fox-wamp.cjs`); it speaks JSON only',
    },
    battler: {
        title: 'battler-wamp',
        serializers: ['msgpack', 'json'],
        path: '/',
        version: () => /"battler-wamp"\nversion = "(.*)"/.exec(readFileSync(here('battler/Cargo.lock'), 'utf8'))[1],
        command: port => [battler, `${port}`, REALM],
        differs: 'the program in its documentation (`battler/`), without the limit of 10 messages per second and connection',
    },
}

/** Starts a router on these processor cores, and returns when a session on it was welcomed. */
export async function start(name, cores) {
    const router = ROUTERS[name]
    const port = await freePort()
    const [program, ...args] = router.command(port)
    if (program.includes('/') && !existsSync(program)) throw new Error(`${router.title}: there is no ${program}`)
    const pinned = cores ? ['taskset', '--cpu-list', cores, program, ...args] : [program, ...args]
    mkdirSync(WORK, { recursive: true })
    const log = openSync(`${WORK}${name}.log`, 'w')
    // taskset becomes the router, so the child's id is the router's.
    const child = spawn(pinned[0], pinned.slice(1), { stdio: ['ignore', log, log] })
    closeSync(log)
    const url = `ws://127.0.0.1:${port}${router.path}`
    const running = { name, url, child, pid: child.pid }
    let isOver = false
    const ended = new Promise(resolve => child.once('error', resolve).once('exit', resolve)).then(() => { isOver = true })
    running.ended = ended
    running.hasEnded = () => isOver
    try {
        running.agent = await Promise.race([
            welcomed(url, Date.now() + STARTS_WITHIN),
            ended.then(() => { throw new Error('it ended') }),
        ])
    } catch (error) {
        await stop(running)
        throw new Error(`${router.title} does not start: ${error.message}; see ${WORK}${name}.log`)
    }
    return running
}

/** Stops a router with all its processes. */
export async function stop({ child, ended }) {
    const family = child.pid === undefined ? [] : processTree(child.pid)
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
    const timer = new AbortController()
    await Promise.race([ended, sleep(STOPS_WITHIN, undefined, { signal: timer.signal }).catch(() => {})])
    timer.abort()
    for (const { pid, born } of family) if (birth(pid) === born) process.kill(pid, 'SIGKILL')
}

/** A process and all that it started, as far as they live, each with the time it was born to tell it from a later one. */
function processTree(root) {
    const all = readdirSync('/proc').filter(name => /^\d+$/.test(name)).map(Number)
    const parents = new Map(all.map(pid => [pid, Number(stat(pid)?.[1])]))
    const tree = [root]
    for (const pid of tree) tree.push(...all.filter(other => parents.get(other) === pid))
    return tree.map(pid => ({ pid, born: birth(pid) })).filter(({ born }) => born !== undefined)
}

const birth = pid => {
    const fields = stat(pid)
    return fields && fields[0] !== 'Z' ? fields[19] : undefined
}

/** The fields of `/proc/PID/stat` behind the name, or nothing if the process has ended. */
function stat(pid) {
    try {
        return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop().split(' ')
    } catch {
        return undefined
    }
}

/** Joins the realm again and again until it is let in, and returns what the router calls itself. */
async function welcomed(url, deadline) {
    for (;;) {
        try {
            return await join(url)
        } catch (error) {
            if (Date.now() > deadline) throw new Error(`no session within ${STARTS_WITHIN / 1000} s: ${error.message}`)
        }
        await sleep(50)
    }
}

function join(url) {
    return new Promise((resolve, reject) => {
        const socket = new WebSocket(url, 'wamp.2.json', { handshakeTimeout: 2000 })
        const roles = { publisher: {}, subscriber: {}, caller: {}, callee: {} }
        const timer = setTimeout(() => reject(new Error('no answer')) || socket.terminate(), 5000)
        socket.on('open', () => socket.send(JSON.stringify([1, REALM, { roles }])))
        socket.on('error', reject)
        socket.on('close', () => clearTimeout(timer) || reject(new Error('closed')))
        socket.on('message', data => {
            const [type, , details] = JSON.parse(data)
            if (type === 2) resolve(details.agent ?? '')
            else reject(new Error(`it answered ${data}`))
            socket.close()
        })
    })
}

function freePort() {
    return new Promise((resolve, reject) => {
        const server = createServer().on('error', reject)
        server.listen(0, '127.0.0.1', () => {
            const { port } = server.address()
            server.close(() => resolve(port))
        })
    })
}

/** A folder with the configuration that Crossbar writes itself, listening where it is told. */
function crossbarFolder(port) {
    const app = `${WORK}crossbar`
    const file = `${app}/.crossbar/config.json`
    if (!existsSync(file)) {
        const made = spawnSync(`${venv}crossbar`, ['init', '--appdir', app], { encoding: 'utf8' })
        if (!existsSync(file)) throw new Error(`crossbar init: ${made.error ?? made.stderr}`)
    }
    const config = JSON.parse(readFileSync(file, 'utf8'))
    const [worker] = config.workers
    worker.transports = worker.transports.filter(({ type }) => type === 'web')
    Object.assign(worker.transports[0].endpoint, { interface: '127.0.0.1', port })
    writeFileSync(file, JSON.stringify(config, undefined, 4))
    return `${app}/.crossbar`
}

function pythonPackage(name) {
    const code = `import importlib.metadata as m; print(m.version('${name}'))`
    return execFileSync(`${venv}python`, ['-c', code], { encoding: 'utf8' }).trim()
}
