import { WampError, type CallOptions, type Client } from 'wamplex';
import type { Connection } from '../connection.ts';
import { button, byId, input, list, make, onSubmit, rowButton } from '../dom/element.ts';
import { Field } from '../dom/field.ts';
import { jsonView, payloadView } from '../dom/json-view.ts';
import { StreamList } from '../dom/stream-list.ts';
import { faultView, NOT_CONNECTED } from '../fault.ts';
import { duration } from '../model/figures.ts';
import { parseArgs, parseKwargs } from '../model/json-input.ts';
import { parseUri } from '../model/uri.ts';

export interface CallPanel {
  /** Fills in a procedure and arguments, ready to call. */
  readonly prepare: (procedure: string, args: string) => void;
}

interface Progress {
  readonly value: unknown;
  readonly after: number;
}

interface Payload {
  readonly args: readonly unknown[];
  readonly kwargs: Record<string, unknown>;
}

const LIMIT = 100;

/** The form that calls a procedure and shows what comes back, as it comes. */
export function callPanel(connection: Connection, { registerIt }: { registerIt: (procedure: string) => void }): CallPanel {
  const procedure = new Field('call-procedure');
  const args = new Field('call-args');
  const kwargs = new Field('call-kwargs');
  const result = byId('call-result', HTMLOutputElement);
  const progress = new StreamList<Progress>(list('call-progress'), { limit: LIMIT, row: progressRow });
  let running: AbortController | undefined;

  async function call(): Promise<void> {
    if (running !== undefined) return;
    const uri = procedure.read(parseUri);
    const positional = args.read(parseArgs);
    const named = kwargs.read(parseKwargs);
    if (uri === undefined || positional === undefined || named === undefined) return;
    if (connection.client === undefined) return show(NOT_CONNECTED);
    progress.clear();
    show(connection.phase === 'reconnecting' ? 'Waits for a session …' : 'Calling …');
    await run(connection.client, uri, { args: positional, kwargs: named });
  }

  async function run(client: Client, uri: string, payload: Payload): Promise<void> {
    const controller = new AbortController();
    const start = performance.now();
    const after = (): number => performance.now() - start;
    setRunning(controller);
    try {
      const options = { signal: controller.signal, cancelMode: 'kill' } as const;
      const outcome = input('call-progress-wanted').checked
        ? await streamed(client, uri, payload, options, (value) => progress.push({ value, after: after() }))
        : await plain(client, uri, payload, options);
      show(outcome, make('small', '', `after ${duration(after())}`));
    } catch (error) {
      const what = controller.signal.aborted ? 'Cancelled.' : faultView(error);
      const remedy = WampError.is(error, 'wamp.error.no_such_procedure') ? [offer(uri)] : [];
      show(what, make('small', '', `after ${duration(after())}`), ...remedy);
    } finally {
      setRunning(undefined);
    }
  }

  function offer(uri: string): HTMLButtonElement {
    return rowButton('Register it here', `Register ${uri} on this page`, () => registerIt(uri));
  }

  function setRunning(controller: AbortController | undefined): void {
    running = controller;
    button('call').disabled = controller !== undefined;
    button('call-cancel').disabled = controller === undefined;
  }

  function show(...what: (Node | string)[]): void {
    result.replaceChildren(...what.flatMap((each) => [each, ' ']));
  }

  onSubmit('call-form', call);
  button('call-cancel').addEventListener('click', () => running?.abort());
  return {
    prepare(uri, example) {
      procedure.text = uri;
      args.text = example;
      kwargs.text = '';
      button('call').focus();
    },
  };
}

async function plain(client: Client, uri: string, payload: Payload, options: CallOptions): Promise<HTMLElement> {
  const { args, kwargs } = await client.callRaw(uri, payload, options);
  return payloadView(args, kwargs);
}

async function streamed(
  client: Client,
  uri: string,
  { args, kwargs }: Payload,
  options: CallOptions,
  onProgress: (value: unknown) => void,
): Promise<HTMLElement> {
  const stream = client.stream(uri, args, { ...options, kwargs });
  for await (const value of stream) onProgress(value);
  const result = await stream.raw;
  return payloadView(result.args, result.kwargs);
}

function progressRow({ value, after }: Progress): HTMLLIElement {
  return make('li', 'row', jsonView(value), make('small', '', `after ${duration(after)}`));
}
