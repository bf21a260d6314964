import type { Client, Invocation, Payload, Registration } from 'wamplex';
import type { Connection } from '../connection.ts';
import { button, byId, list, make, onSubmit, rowButton, select } from '../dom/element.ts';
import { Field } from '../dom/field.ts';
import { payloadView } from '../dom/json-view.ts';
import { StreamList } from '../dom/stream-list.ts';
import { faultView, NOT_CONNECTED, sentenceFor } from '../fault.ts';
import { clock, counted, duration } from '../model/figures.ts';
import { parseUri } from '../model/uri.ts';
import { PROCEDURES, type Procedure, type ProcedureKind } from '../procedure.ts';

export interface RegisterPanel {
  /** Fills in a procedure, ready to register. */
  readonly prepare: (procedure: string) => void;
}

/** One call that the page answers, from its arrival to its answer. */
interface Answered {
  readonly at: number;
  readonly procedure: string;
  readonly invocation: Invocation;
  progress: number;
  took?: number;
  outcome?: { readonly result: Payload } | { readonly fault: unknown };
}

const LIMIT = 200;
/** How much of a payload a row shows, in characters. The raw message shows more. */
const IN_ROW = 1000;

/** The procedures that the page itself offers, and each call that it answers. */
export function registerPanel(connection: Connection, { callIt }: { callIt: (procedure: string, args: string) => void }): RegisterPanel {
  const uri = new Field('register-procedure');
  const kind = select('register-kind');
  const pills = byId('registrations', HTMLUListElement);
  const invocations = new StreamList<Answered>(list('invocations'), {
    limit: LIMIT,
    row: invocationRow,
    drawn: ({ total, cut }) => {
      const parts = total === 0 ? [] : [counted(total, 'invocation')];
      if (cut > 0) parts.push(`${cut.toLocaleString('en')} cut`);
      byId('invocations-summary', HTMLElement).textContent = parts.join(' · ');
    },
  });
  const offered = new Map<HTMLLIElement, Registration>();
  let suggested = true;

  async function register(): Promise<void> {
    const name = uri.read(parseUri);
    if (name === undefined) return;
    const { client } = connection;
    if (client === undefined) return uri.fail(NOT_CONNECTED);
    const procedure = PROCEDURES[kind.value as ProcedureKind];
    try {
      add(await offer(client, name, procedure), procedure);
    } catch (error) {
      uri.fail(sentenceFor(error));
    }
  }

  function offer(client: Client, name: string, procedure: Procedure): Promise<Registration> {
    return client.register(name, (_args, invocation) => answer(name, procedure, invocation));
  }

  async function answer(name: string, procedure: Procedure, invocation: Invocation): Promise<unknown> {
    const start = performance.now();
    const answered: Answered = { at: Date.now(), procedure: name, invocation, progress: 0 };
    invocations.push(answered);
    const progress = async (value: unknown): Promise<void> => {
      if (!invocation.wantsProgress) return;
      await invocation.progress(value);
      answered.progress += 1;
      invocations.refresh(answered);
    };
    try {
      const result = await procedure.handle(invocation, progress);
      answered.outcome = { result };
      return invocation.result(result);
    } catch (fault) {
      answered.outcome = { fault };
      throw fault;
    } finally {
      answered.took = performance.now() - start;
      invocations.refresh(answered);
    }
  }

  function add(registration: Registration, { example }: Procedure): void {
    const name = registration.procedure;
    const pill = make('li', 'pill', make('span', 'dot'), make('code', 'uri', name));
    pill.append(
      rowButton('call', `Call ${name}`, () => callIt(name, example)),
      rowButton('×', `Unregister ${name}`, () => {
        registration.unregister().catch((error: unknown) => uri.fail(sentenceFor(error)));
      }),
    );
    pills.append(pill);
    offered.set(pill, registration);
    void registration.closed.then(() => {
      offered.delete(pill);
      pill.remove();
    });
  }

  /** Which of them the router knows at the moment. */
  function showStates(): void {
    for (const [pill, { state }] of offered) pill.dataset['state'] = state;
  }

  connection.watch(showStates);
  setInterval(showStates, 500);
  onSubmit('register-form', register);
  button('invocations-clear').addEventListener('click', () => invocations.clear());
  uri.onInput(() => (suggested = false));
  kind.addEventListener('change', () => {
    if (suggested) uri.text = PROCEDURES[kind.value as ProcedureKind].uri;
  });
  return {
    prepare(name) {
      uri.text = name;
      suggested = false;
      button('register').focus();
    },
  };
}

function invocationRow({ at, procedure, invocation, progress, took, outcome }: Answered): HTMLLIElement {
  const head = make('span', 'head', make('span', 'dot'), make('code', 'uri', procedure), make('time', '', clock(at)));
  const answer = make('span', 'answer', '→ ');
  if (outcome === undefined) answer.append('working');
  else answer.append('fault' in outcome ? faultView(outcome.fault) : payloadView(outcome.result.args ?? [], outcome.result.kwargs, IN_ROW));
  if (progress > 0) answer.append(' ', make('small', '', `${progress} progressive`));
  if (took !== undefined) answer.append(' ', make('small', '', duration(took)));
  const row = make('li', 'row', head, payloadView(invocation.args, invocation.kwargs, IN_ROW), answer);
  row.dataset['state'] = outcome === undefined ? 'working' : 'fault' in outcome ? 'failed' : 'done';
  return row;
}
