// What the build script puts together.

/** The glue code that wasm-bindgen made for the compiled crate. */
declare module 'wamplex:glue' {
  /** `Core` of `core.ts`. */
  export const Core: { new (handler: unknown, socket: unknown): any };
  export default function initialize(input: { module_or_path: unknown }): Promise<{
    readonly memory: { readonly buffer: ArrayBuffer };
  }>;
}

/** The compiled module: deflated, then in base64. */
declare module 'wamplex:inline' {
  export const module: string;
}

/** The file beside the entry point, which some runtimes compile when they load it. */
declare module 'wamplex:file' {
  const module: object;
  export default module;
}
