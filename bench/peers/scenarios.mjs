// What every router is asked to do: arguments of `wamplex bench`, and how to read what it says.

// Few enough on the way that no router drops an event: battler-wamp drops them once a session is 1024 behind.
const window = ['--window', '256']

export const SCENARIOS = {
    'events-1': {
        title: '1 publisher to 1 subscriber', unit: 'event',
        args: ['events', '--subscribers', '1', ...window],
    },
    'events-10': {
        title: '1 publisher to 10 subscribers', unit: 'event',
        args: ['events', '--subscribers', '10', ...window],
    },
    'events-100': {
        title: '1 publisher to 100 subscribers', unit: 'event',
        args: ['events', '--subscribers', '100', ...window],
    },
    'events-slow': {
        title: '500 publications/s to 10 subscribers', unit: 'event', latency: true, fixed: true,
        args: ['events', '--subscribers', '10', '--rate', '500'],
    },
    calls: {
        title: '4 callers with 16 calls in flight', unit: 'call',
        args: ['calls', '--callers', '4', '--in-flight', '16'],
    },
    'calls-few': {
        title: '4 callers with 4 calls in flight', unit: 'call',
        args: ['calls', '--callers', '4', '--in-flight', '4'],
    },
    'ping-pong': {
        title: '1 caller, one call at a time', unit: 'call', latency: true,
        // Short and often, so that routers are compared within the same moments.
        pieces: 4, goal: 0.8,
        args: ['ping-pong'],
    },
    sessions: {
        title: '1000 idle sessions', unit: 'session', memory: true,
        args: ['sessions', '--count', '1000'],
    },
}
