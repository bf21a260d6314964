import { type ShallowRef, getCurrentInstance, onMounted, onScopeDispose, shallowRef, watch } from 'vue';
import { copy, equal } from '../binding/value.js';
import type { Lasting } from '../binding/watched.js';

/** Runs `start` when the component is in the page (at once where there is none), and what it returns at the end of the scope. */
export function whenShown(start: () => () => void): void {
  let stop: (() => void) | undefined;
  let over = false;
  const begin = () => void (over || (stop = start()));
  if (getCurrentInstance()) onMounted(begin);
  else begin();
  onScopeDispose(() => {
    over = true;
    stop?.();
  });
}

/** What `make` makes of what `read` reads, made anew when that changes by value. */
export function useLasting<Given, State, T extends Lasting<State>>(
  read: () => Given, make: (given: Given) => T & Lasting<State>,
): [current: () => T, state: Readonly<ShallowRef<State>>] {
  let given = copy(read());
  let lasting: T & Lasting<State> = make(given);
  const state = shallowRef(lasting.get()) as ShallowRef<State>;
  const show = () => void (state.value = lasting.get());
  let end: (() => void) | undefined;
  const begin = (next: Given) => {
    const same = equal(given, next);
    if (end && same) return;
    end?.();
    if (!same) lasting = make((given = next));
    const forget = lasting.subscribe(show);
    const stop = lasting.start();
    show();
    end = () => {
      forget();
      stop();
    };
  };
  whenShown(() => {
    const unwatch = watch(() => copy(read()), begin, { immediate: true });
    return () => {
      unwatch();
      end?.();
    };
  });
  return [() => lasting, state];
}
