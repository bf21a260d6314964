import type { WasmSource } from '../index.js';
import type { CoreModule } from './core.js';
import { networkFailure, toError, unsupported } from './errors.js';

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
  const url = source.href ?? source;
  if (typeof url === 'string') {
    source = await fetch(url).catch((cause) => {
      throw networkFailure(`cannot load ${url}: ${cause.message}`, { cause });
    });
  }
  if (source.arrayBuffer) {
    if (!source.ok) throw unsupported(`cannot load ${source.url}: ${source.status}`);
    source = await source.arrayBuffer();
  }
  // An instance of a module; of bytes both.
  const made: any = await WebAssembly.instantiate(source);
  return (made.instance ?? made).exports;
}

function explained(error: unknown): unknown {
  const { name, message } = toError(error);
  const forbidden = /content security|\bcsp\b|unsafe-eval|wasm-eval/i.test(message);
  if (name !== 'CompileError' && !forbidden) return error;
  return unsupported(forbidden
    ? "the Content-Security-Policy of this page forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src"
    : `this is no WebAssembly that can be compiled: ${message}`, { cause: error });
}
