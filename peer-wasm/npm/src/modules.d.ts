// What scripts/compiled.mjs puts together of the compiled crates. For each of the modules in scripts/entries.mjs there
// what the entry has inside, or in runtimes that compile nothing while they run the file beside it.
// `wamplex:NAME` alone is the entry in src/NAME, for `import()` when it is needed.

declare module 'wamplex:core/wasm' {
  export default function load(): WebAssembly.Module | Promise<WebAssembly.Module>;
}

declare module 'wamplex:argon2/wasm' {
  export default function load(): WebAssembly.Module | Promise<WebAssembly.Module>;
}

declare module 'wamplex:argon2' {
  export const argon2id: import('../index.js').Argon2id;
}

declare module 'wamplex:testing/glue' {
  /** `Page` of `testing/core.ts`. */
  export const Page: { new (seed: number, epoch: number): any };
  export default function initialize(input: { module_or_path: unknown }): Promise<unknown>;
}

declare module 'wamplex:testing/wasm' {
  export default function load(): WebAssembly.Module | Promise<WebAssembly.Module>;
}

declare module 'wamplex:meta' {
  export function metaOf(client: import('./client.js').Client): any;
}

declare module 'wamplex:serve' {
  /** Makes the class of what `wamplex:serve/shared` is. */
  export default function make(shared: unknown): typeof import('./serve/index.js').Registrations;
}

declare module 'wamplex:serve/shared' {
  /** What the sources in src/serve import of the others. */
  const shared: unknown;
  export default shared;
}

declare module 'wamplex:makers' {
  /** Copies of `decode/maker.ts`. */
  const makers: import('./decode/maker.js').Maker[];
  export default makers;
}
