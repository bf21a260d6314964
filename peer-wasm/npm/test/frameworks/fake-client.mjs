// A client that does what a test tells it to: the order of things matters to those who use it.

export class FakeClient extends EventTarget {
  state = 'idle';
  session = null;
  /** What was asked of it, in order. */
  asked = [];

  #ask(what, name, payload, options = {}) {
    const asked = { what, name, payload, options };
    asked.answer = new Promise((resolve, reject) => Object.assign(asked, { resolve, reject }));
    asked.aborted = () => options.signal?.aborted === true;
    // As the client does: an aborted request rejects with the reason.
    options.signal?.addEventListener('abort', () => asked.reject(options.signal.reason));
    this.asked.push(asked);
    return asked;
  }

  /** Requests that nobody has given up. */
  get standing() {
    return this.asked.filter((asked) => !asked.aborted());
  }

  subscribe(topic, handler, options) {
    return this.#hold(this.#ask('subscribe', topic, handler, options));
  }

  register(procedure, handler, options) {
    return this.#hold(this.#ask('register', procedure, handler, options));
  }

  call(procedure, args, options) {
    return this.#ask('call', procedure, args, options).answer;
  }

  async #hold(asked) {
    await asked.answer;
    asked.held = {};
    asked.held.closed = new Promise((resolve) => (asked.close = (reason) => resolve({ reason })));
    return asked.held;
  }

  setState(state, session = null) {
    const previous = this.state;
    Object.assign(this, { state, session });
    this.dispatchEvent(new CustomEvent('statechange', { detail: { state, previous } }));
    if (state === 'open') this.dispatchEvent(new CustomEvent('open', { detail: session }));
  }
}

/** An event of the topic. */
export const event = (data, topic = 'com.example.a') => ({ data, args: [data], kwargs: {}, topic, publication: 1, retained: false, details: {} });
