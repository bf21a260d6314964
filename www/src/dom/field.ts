import type { Parsed } from '../model/json-input.ts';
import { byId } from './element.ts';

/** An input with a place below it for the sentence that says what is wrong. */
export class Field {
  readonly #control: HTMLInputElement | HTMLTextAreaElement;
  readonly #error: HTMLElement;

  /** @param id of the control; its error stands in the element `<id>-error` */
  constructor(id: string) {
    const control = byId(id, HTMLElement);
    if (!(control instanceof HTMLInputElement || control instanceof HTMLTextAreaElement)) throw new Error(`${id} is no text field`);
    this.#control = control;
    this.#error = byId(`${id}-error`, HTMLElement);
    control.addEventListener('input', () => this.clear());
    if (control instanceof HTMLTextAreaElement) control.addEventListener('keydown', submitOnEnter);
  }

  get text(): string {
    return this.#control.value;
  }

  set text(text: string) {
    this.#control.value = text;
    this.clear();
  }

  focus(): void {
    this.#control.focus();
  }

  /** Calls back whenever the visitor changes the text. */
  onInput(callback: () => void): void {
    this.#control.addEventListener('input', callback);
  }

  /** Shows a sentence below the field. */
  fail(sentence: string): void {
    this.#error.textContent = sentence;
    this.#control.setAttribute('aria-invalid', 'true');
  }

  clear(): void {
    this.#error.textContent = '';
    this.#control.removeAttribute('aria-invalid');
  }

  /** Reads the field; when its text is no good, says so below it and returns undefined. */
  read<T>(parse: (text: string) => Parsed<T>): T | undefined {
    const parsed = parse(this.text);
    if (parsed.ok) this.clear();
    else this.fail(parsed.sentence);
    return parsed.ok ? parsed.value : undefined;
  }
}

/** Enter sends the form, as in a field of one line; with Shift it begins a new line. */
function submitOnEnter(event: KeyboardEvent): void {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  (event.currentTarget as HTMLTextAreaElement).form?.requestSubmit();
}
