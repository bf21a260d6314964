import { useState } from 'react';
import { useCallResult, useConnectionState, useSubscription } from 'wamplex/react';
import { Room } from './Room.jsx';

const ROOMS = ['lobby', 'kitchen', 'workshop'];
const STATES = {
  idle: 'not connected',
  connecting: 'connecting …',
  open: 'connected',
  reconnecting: 'connection lost, trying again …',
  closed: 'closed',
};

export function App() {
  const [name, setName] = useState(() => `guest-${Math.random().toString(36).slice(2, 5)}`);
  const [room, setRoom] = useState(ROOMS[0]);
  const state = useConnectionState();

  return (
    <div className="app">
      <header>
        <h1>Chat</h1>
        <p className={`state ${state}`}>{STATES[state]}</p>
        {state === 'open' && <Present />}
      </header>
      <nav>
        {ROOMS.map((each) => (
          <button key={each} aria-current={each === room} onClick={() => setRoom(each)}>
            # {each}
          </button>
        ))}
        <label>
          your name
          <input value={name} onChange={(event) => setName(event.target.value)} />
        </label>
      </nav>
      <Room room={room} name={name} />
    </div>
  );
}

/** How many sessions the router has, asked again whenever one comes or goes. */
function Present() {
  const { data, refresh } = useCallResult('wamp.session.count', [], { refreshOnReconnect: true });
  useSubscription('wamp.session.on_', refresh, { match: 'prefix' });
  return data && <p className="present">{data === 1 ? 'nobody else is here' : `${data} are here`}</p>;
}
