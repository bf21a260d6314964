/** Stands in for the class that this runtime lacks. */
export const CustomEvent = globalThis.CustomEvent ?? class<T> extends Event {
  readonly detail: T | undefined;

  constructor(type: string, init: CustomEventInit<T> = {}) {
    super(type, init);
    this.detail = init.detail;
  }
};
