import * as members from './members.js';

export * from './members.js';
/** For `import autobahn from …`; an object that libraries may add to, which no module lets them. */
export default { ...members } satisfies Record<Exclude<keyof typeof import('../../autobahn.js'), 'default'>, unknown>;
