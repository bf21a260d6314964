import type { Connection } from '../connection.ts';
import { byId, input, make, onSubmit } from '../dom/element.ts';
import { Field } from '../dom/field.ts';
import { faultView, NOT_CONNECTED } from '../fault.ts';
import { duration } from '../model/figures.ts';
import { parseArgs, parseKwargs } from '../model/json-input.ts';
import { parseUri } from '../model/uri.ts';

export interface PublishPanel {
  /** Fills in a topic, ready to publish to. */
  readonly prepare: (topic: string) => void;
}

/** The form that publishes an event. */
export function publishPanel(connection: Connection): PublishPanel {
  const topic = new Field('publish-topic');
  const args = new Field('publish-args');
  const kwargs = new Field('publish-kwargs');
  const result = byId('publish-result', HTMLOutputElement);
  let sent = 0;

  async function publish(): Promise<void> {
    const uri = topic.read(parseUri);
    const payload = { args: args.read(parseArgs), kwargs: kwargs.read(parseKwargs) };
    if (uri === undefined || payload.args === undefined || payload.kwargs === undefined) return;
    if (connection.client === undefined) return result.replaceChildren(NOT_CONNECTED);
    const acknowledge = input('publish-ack').checked;
    const [data, ...more] = payload.args;
    const options = { args: more, kwargs: payload.kwargs, acknowledge, excludeMe: input('publish-exclude-me').checked };
    const start = performance.now();
    if (connection.phase === 'reconnecting') result.replaceChildren('Waits for a session …');
    try {
      const published = await connection.client.publish(uri, data, options);
      sent += 1;
      const figures = published
        ? `Publication ${published.publication}, acknowledged after ${duration(performance.now() - start)}.`
        : 'Sent. The router was not asked to acknowledge it.';
      result.replaceChildren(make('span', 'count', `#${sent}`), ` ${figures}`);
    } catch (error) {
      result.replaceChildren(faultView(error));
    }
  }

  onSubmit('publish-form', publish);
  return {
    prepare(uri) {
      topic.text = uri;
      args.focus();
    },
  };
}
