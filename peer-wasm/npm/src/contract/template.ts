/** Parameters as an application gives them; `'*'` stands for anything. */
export type GivenParams = '*' | { readonly [name: string]: string | number };

const PARAMETER = /^\{([^{}]+)\}$/;
/** What can stand between two dots of a URI and means itself. */
const COMPONENT = /^[^\s.#*{}]+$/;

/** A URI with parameters in place of some of its components: `com.chat.{room}`. */
export class Template {
  readonly #components: readonly string[];
  /** The parameter that stands where a component would, or nothing. */
  readonly #names: readonly (string | undefined)[];

  /** The template, if the URI is one. */
  static of(uri: string): Template | undefined {
    return /[{}]/.test(uri) ? new Template(uri) : undefined;
  }

  constructor(uri: string) {
    this.#components = uri.split('.');
    this.#names = this.#components.map((component) => PARAMETER.exec(component)?.[1]);
    const names = this.#names.filter((name) => name !== undefined);
    const mixed = this.#components.some((component, i) => this.#names[i] === undefined && /[{}]/.test(component));
    if (mixed || new Set(names).size < names.length) {
      throw new TypeError(`${uri}: a parameter has to be a whole component`);
    }
  }

  /** The URI with these parameters filled in; `'*'` only makes sense in a pattern. */
  fill(params: GivenParams | undefined, pattern: boolean): { uri: string; wildcard: boolean } {
    let wildcard = false;
    const components = this.#components.map((component, i) => {
      const name = this.#names[i];
      if (name === undefined) return component;
      const value = params === '*' ? params : params?.[name];
      if (pattern && value === '*') {
        wildcard = true;
        return '';
      }
      if (!COMPONENT.test(String(value ?? ''))) throw new TypeError(`params.${name} must be a component of a URI`);
      return String(value);
    });
    return { uri: components.join('.'), wildcard };
  }

  /** The parameters of a URI that the template stands for. */
  read(uri: string): Record<string, string> {
    const components = uri.split('.');
    const params: Record<string, string> = {};
    this.#names.forEach((name, i) => name !== undefined && (params[name] = components[i] ?? ''));
    return params;
  }
}
