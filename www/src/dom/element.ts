/** Finds an element of the page by its id. The ids are written in index.html, so a missing one is a mistake in the page itself. */
export function byId<E extends HTMLElement>(id: string, type: abstract new () => E): E {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`index.html has no ${type.name} with the id ${id}`);
  return found;
}

export const button = (id: string): HTMLButtonElement => byId(id, HTMLButtonElement);
export const input = (id: string): HTMLInputElement => byId(id, HTMLInputElement);
export const select = (id: string): HTMLSelectElement => byId(id, HTMLSelectElement);
export const list = (id: string): HTMLOListElement => byId(id, HTMLOListElement);

/** Makes an element with a class and with children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className !== '') element.className = className;
  element.append(...children);
  return element;
}

/** Makes a small button inside a row. Its label names its object too, for people who do not see the row. */
export function rowButton(text: string, label: string, onClick: () => void): HTMLButtonElement {
  const element = make('button', 'quiet', text);
  element.type = 'button';
  element.setAttribute('aria-label', label);
  element.addEventListener('click', onClick);
  return element;
}

/** Handles a form in this page instead of sending it anywhere. */
export function onSubmit(id: string, handle: () => unknown): void {
  byId(id, HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    void handle();
  });
}
