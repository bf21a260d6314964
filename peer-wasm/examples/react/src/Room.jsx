import { useEffect, useRef, useState } from 'react';
import { useClient, useEvents, useLatest } from 'wamplex/react';

export function Room({ room, name }) {
  const client = useClient();
  const topic = `com.example.chat.${room}`;
  const { events } = useEvents(topic, { limit: 200 });
  // The router keeps the last event that was published with `retain`, and gives it to whoever comes later.
  const { data: subject } = useLatest(`${topic}.subject`, { initial: 'nothing in particular', getRetained: true });

  const end = useRef(null);
  useEffect(() => {
    end.current?.scrollIntoView({ block: 'nearest' });
  }, [events]);

  return (
    <main>
      <div className="subject">
        We talk about <strong>{subject}</strong>
        <Field label="another subject" send={(text) => client.publish(`${topic}.subject`, text, { retain: true, excludeMe: false })} />
      </div>
      <ol>
        {events.map(({ publication, data }) => (
          <li key={publication} className={data.from === name ? 'own' : undefined}>
            <span>{data.from}</span> {data.text}
          </li>
        ))}
        <li ref={end} className="end" />
      </ol>
      {/* Without `excludeMe: false` everybody but ourselves would get it. */}
      <Field label={`say something in #${room}`} send={(text) => client.publish(topic, { from: name, text }, { excludeMe: false })} />
    </main>
  );
}

function Field({ label, send }) {
  const [text, setText] = useState('');
  const submit = (event) => {
    event.preventDefault();
    if (text) send(text);
    setText('');
  };
  return (
    <form onSubmit={submit}>
      <input aria-label={label} placeholder={label} value={text} onChange={(event) => setText(event.target.value)} />
    </form>
  );
}
