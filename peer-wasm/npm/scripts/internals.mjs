// Names of properties that the client and its parts have among themselves: no application and no other entry reads
// them. They are shortened in what has the client inside, since no bundler can know that; a quarter of a kilobyte.
export const INTERNALS = [
  'abandon', 'answerOptions', 'asking', 'attempts', 'binaryHead', 'byId', 'closedError', 'come', 'consume', 'deliver', 'detach',
  'dictHead', 'drop', 'ended', 'enter', 'expected', 'expired', 'finish', 'founder', 'heard', 'hold', 'holders', 'feed', 'idle', 'interrupt', 'isFinal',
  'isOpen', 'isOver', 'iterate', 'listHead', 'live', 'lose', 'milliseconds', 'offers', 'onOverflow', 'onSlow', 'opened', 'place', 'places',
  'release', 'reserve', 'restart', 'restore', 'revoked', 'serve', 'stringHead', 'tell', 'tracing', 'view', 'wantsRetained', 'wire',
];
