// Names of properties that the client and its parts have among themselves: no application and no other entry reads
// them. They are shortened in what has the client inside, since no bundler can know that; a third of a kilobyte.
export const INTERNALS = [
  'abandon', 'again', 'answerOptions', 'asking', 'attach', 'attempts', 'binaryHead', 'byId', 'check', 'closedError', 'come',
  'connection', 'consume', 'deliver', 'detach', 'dictHead', 'drop', 'emit', 'ended', 'enter', 'expected', 'expired', 'feed',
  'finish', 'founder', 'gap', 'gone', 'heard', 'hold', 'holders', 'idle', 'interrupt', 'isFinal', 'isOpen', 'isOver',
  'iterate', 'listHead', 'live', 'lose', 'lost', 'milliseconds', 'offers', 'onOverflow', 'onSlow', 'opened', 'place', 'places',
  'registrations', 'release', 'remove', 'reserve', 'restart', 'restore', 'revoked', 'serve', 'stringHead', 'subscriptions',
  'tell', 'tracing', 'view', 'wantsRetained', 'wire',
];
