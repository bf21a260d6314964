// What does not run in browsers, and why: test files, or tests by name in files that do.

export const SKIPPED_FILES = {
  'package.test.mjs': 'compares files of the package',
  'loading.test.mjs': 'makes copies of the package',
  'chaos.test.mjs': 'drives a proxy and asks for its memory',
  'lazy.test.mjs': 'copies files of the package',
  'frameworks/doc.test.mjs': 'brings a DOM of its own and compiles for three frameworks',
  'frameworks/react.test.mjs': 'brings a DOM of its own and bundles several versions of React',
  'frameworks/svelte.test.mjs': 'brings a DOM of its own and compiles with several versions of Svelte',
  'frameworks/vue.test.mjs': 'brings a DOM of its own',
  'autobahn/docs.test.mjs': 'reads files of the package',
  'autobahn/node.test.mjs': 'reads files, and opens sockets that pages cannot',
  'rawsocket.test.mjs': 'speaks over TCP and Unix sockets',
  'readme.test.mjs': 'runs what the files of the package say',
  'entries.test.mjs': 'starts programs of Node and reads files of the package',
};

export const SKIPPED_TESTS = {
  'dropped.test.mjs': Object.fromEntries(['json', 'msgpack.batched', 'cbor.batched'].map((what) => [
    `${what}: a client that stops reading counts all that it does not get`, 'pages cannot stop reading',
  ])),
  'raw-options.test.mjs': { 'every option that is declared is taken': 'reads files of the package' },
  'breaking.test.mjs': {
    'a procedure that another session still has is no longer asked for when nobody wants it': 'counts the timers of Node',
    'a procedure that is given up between two questions leaves no timer behind': 'counts the timers of Node',
    'a procedure that is given up while it is asked for is asked for no more': 'counts the timers of Node',
    'a signal that lives longer than its clients does not keep them': 'counts the listeners of a signal',
  },
  'reconnecting.test.mjs': {
    'a client that was too slow for the router comes back': 'stops a socket, as pages cannot',
    'an answer that has arrived counts, however busy this side was when it came': 'winds timers as only those of Node can be wound',
  },
  'worker/breaking.test.mjs': {
    'tabs on pages that are not secure may share, too': 'takes away what pages lose only together with their locks',
    'a port that closes is noticed, and another one is made': 'Firefox and WebKit tell nobody that a port closes: browsers/worker.page.mjs ends workers',
  },
  'pain-points.test.mjs': {
    'pain point 4: bundles for browsers without shims or configuration': 'bundles',
    'pain point 5: the bundle is small, and growing it breaks the build': 'reads files of the package',
  },
  'argon2.test.mjs': { 'the memory of one key is not kept for the next': 'pages cannot ask how much memory they have' },
};
