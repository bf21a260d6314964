import * as members from './members.js';

export * from './members.js';
/** For `import autobahn from …`. */
export default members;
