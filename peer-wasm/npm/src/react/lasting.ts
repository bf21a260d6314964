import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import type { Lasting } from '../binding/watched.js';
import { equal } from '../binding/value.js';

/** What `make` makes, for as long as the component is shown and `deps` are the same; renders anew when its state changes. */
export function useLasting<State, T extends Lasting<State>>(make: () => T & Lasting<State>, deps: readonly unknown[]): [T, State] {
  const lasting = useMemo(make, deps);
  useEffect(() => lasting.start(), [lasting]);
  return [lasting, useSyncExternalStore(lasting.subscribe, lasting.get, lasting.get)];
}

/** `value`, and the same object as long as an equal one is given. */
export function useValue<T>(value: T): T {
  const [held, setHeld] = useState(() => value);
  if (equal(held, value)) return held;
  setHeld(() => value);
  return value;
}

/** Calls the function that the last rendering gave. */
export function useNewest<A extends unknown[], R>(newest: (...args: A) => R): (...args: A) => R {
  const ref = useRef(newest);
  useEffect(() => void (ref.current = newest));
  return useMemo(() => (...args) => ref.current(...args), []);
}
