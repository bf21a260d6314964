import type { WasmSource } from '../index.js';
import initialize, { Core as CompiledCore } from 'wamplex:core/glue';
import type { CoreModule } from './core.js';

type Loader = () => WasmSource | Promise<WasmSource>;

let defaultSource: Loader | undefined;
let loading: Promise<CoreModule> | undefined;

/** Entry points say where their module comes from. Nothing is compiled before the first connection. */
export function setDefaultSource(loader: Loader): void {
  defaultSource = loader;
}

/** The compiled module; the first caller's `source` counts, since a page needs one copy only. */
export function loadWasm(source: WasmSource | Promise<WasmSource> | undefined): Promise<CoreModule> {
  loading ??= load(source).catch((error: unknown) => {
    loading = undefined;
    throw explained(error);
  });
  return loading;
}

async function load(source: WasmSource | Promise<WasmSource> | undefined): Promise<CoreModule> {
  const given = source ?? defaultSource?.();
  if (given === undefined) throw new TypeError("wamplex/slim brings no WebAssembly of its own: pass the option 'wasm'");
  const { memory } = await initialize({ module_or_path: (await compilable(await given)) });
  return { memory, newCore: (handler, socket) => new CompiledCore(handler, socket) };
}

/** URLs as the glue code wants them; all else it knows. */
function compilable(source: WasmSource): WasmSource | Promise<WasmSource> {
  if (typeof source === 'string' || typeof (source as URL).href === 'string') return fetch(source as string | URL);
  // The glue tests with `instanceof`, which fails for modules of another realm.
  if (Object.prototype.toString.call(source) === '[object WebAssembly.Module]') {
    return Object.getPrototypeOf(source) === WebAssembly.Module.prototype
      ? source
      : Object.setPrototypeOf(source, WebAssembly.Module.prototype);
  }
  return source;
}

function explained(error: unknown): unknown {
  if (error instanceof Error && /content security|\bcsp\b|unsafe-eval|wasm-eval/i.test(error.message)) {
    return new Error(
      "the Content-Security-Policy of this page forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src",
      { cause: error },
    );
  }
  return error;
}
