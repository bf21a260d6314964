import type { WasmSource } from '../index.js';
import type { CoreModule } from './core.js';
import { unsupported } from './errors.js';

type Loader = () => WasmSource | Promise<WasmSource>;

let defaultSource: Loader | undefined;
let loading: Promise<CoreModule> | undefined;

/** Entry points say where their module comes from. Nothing is compiled before the first connection. */
export function setDefaultSource(loader: Loader): void {
  defaultSource = loader;
}

/** The compiled module; the first caller's `source` counts, since a page needs one copy only. */
export function loadWasm(source: WasmSource | Promise<WasmSource> | undefined): Promise<CoreModule> {
  loading ??= load(source ?? defaultSource?.()).catch((error: unknown) => {
    loading = undefined;
    throw explained(error);
  });
  return loading;
}

async function load(given: WasmSource | Promise<WasmSource> | undefined): Promise<CoreModule> {
  let source: any = await given;
  if (source === undefined) throw new TypeError("wamplex/slim brings no WebAssembly of its own: pass the option 'wasm'");
  if (typeof source === 'string' || typeof source.href === 'string') source = await fetch(source);
  if (source.arrayBuffer) {
    if (!source.ok) throw new Error(`cannot load ${source.url}: ${source.status}`);
    source = await source.arrayBuffer();
  }
  // Not `instanceof`: modules of other realms are modules, too.
  const isModule = Object.prototype.toString.call(source) === '[object WebAssembly.Module]';
  const module: WebAssembly.Module = isModule ? source : await WebAssembly.compile(source);
  return (await WebAssembly.instantiate(module)).exports as unknown as CoreModule;
}

function explained(error: unknown): unknown {
  if (error instanceof Error && /content security|\bcsp\b|unsafe-eval|wasm-eval/i.test(error.message)) {
    return unsupported("the Content-Security-Policy of this page forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src", { cause: error });
  }
  return error;
}
