import { knownKey, value } from './tape.js';

/** Makes a dictionary with so many entries, at least one, whose keys were all defined before. */
export type Maker = (entries: number) => Record<string, unknown>;

/**
 * Engines learn by heart which key is set at a place in the code, and set it five times faster there than where every key
 * may come. The bundle has copies of this module, each for dictionaries with the same keys.
 */
export default (left: number): Record<string, unknown> => {
  const dict: Record<string, unknown> = {};
  for (;;) {
    dict[knownKey()] = value();
    if (--left === 0) return dict;
    dict[knownKey()] = value();
    if (--left === 0) return dict;
    dict[knownKey()] = value();
    if (--left === 0) return dict;
    dict[knownKey()] = value();
    if (--left === 0) return dict;
    dict[knownKey()] = value();
    if (--left === 0) return dict;
    dict[knownKey()] = value();
    if (--left === 0) return dict;
    dict[knownKey()] = value();
    if (--left === 0) return dict;
    dict[knownKey()] = value();
    if (--left === 0) return dict;
    dict[knownKey()] = value();
    if (--left === 0) return dict;
    dict[knownKey()] = value();
    if (--left === 0) return dict;
    dict[knownKey()] = value();
    if (--left === 0) return dict;
    dict[knownKey()] = value();
    if (--left === 0) return dict;
  }
};
