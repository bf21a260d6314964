// Names of properties that the client and its parts have among themselves: no application and no other entry reads
// them. They are shortened in what has the client inside, since no bundler can know that; a third of a kilobyte.
export const INTERNALS = [
  'FALSE', 'FLOAT64', 'NULL', 'TRUE', 'byte', 'fits', 'heads', 'long', 'short', 'signed',
  'abandon', 'again', 'answerOptions', 'asking', 'attach', 'attempts', 'byId', 'check', 'closedError', 'come',
  'connection', 'consume', 'cut', 'deliver', 'detach', 'drop', 'emit', 'ended', 'enter', 'expected', 'expired', 'feed',
  'finish', 'founder', 'gone', 'heard', 'hold', 'holders', 'idle', 'interrupt', 'isFinal', 'isFull', 'isOpen', 'isOver',
  'iterate', 'last', 'live', 'leave', 'lose', 'lost', 'milliseconds', 'missed', 'offers', 'fail', 'opened', 'place', 'places',
  'release', 'remove', 'registered', 'request', 'reserve', 'restart', 'restore', 'revoked', 'sendInput', 'serve', 'settled',
  'stop',   'subscribed', 'take', 'tell', 'tracing', 'view', 'wait', 'wantsRetained', 'wire', 'write',
];
