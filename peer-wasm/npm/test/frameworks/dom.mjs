// A page for the frameworks, as far as they need one.
import { Window } from 'happy-dom';

const window = new Window({ url: 'http://127.0.0.1/' });
for (const name of ['document', 'Node', 'Element', 'HTMLElement', 'HTMLIFrameElement', 'HTMLMediaElement', 'SVGElement', 'Text', 'Comment']) globalThis[name] = window[name];
globalThis.window = window;
// Node has one of its own from 21 on.
globalThis.navigator ??= window.navigator;

/** An element in the page to render into. */
export function place() {
  const element = window.document.createElement('div');
  window.document.body.append(element);
  return element;
}

/** Waits until `condition` holds; what it returned. Gives up in the end, so that a test that fails ends, too. */
export async function until(condition) {
  for (const end = Date.now() + 60_000; Date.now() < end; await turn()) {
    const value = condition();
    if (value) return value;
  }
  throw new Error(`never became true: ${condition}`);
}

/** Lets everything happen that is due. */
export const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Lets the frameworks, which work in turns of their own, come to rest. */
export async function settled() {
  for (let i = 0; i < 20; i++) await turn();
}
