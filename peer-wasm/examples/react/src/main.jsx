import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { WampProvider } from 'wamplex/react';
import { App } from './App.jsx';
import './style.css';

const url = new URLSearchParams(location.search).get('router') ?? import.meta.env.VITE_ROUTER ?? 'ws://127.0.0.1:8080/ws';

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <WampProvider url={url} options={{ realm: 'realm1' }}>
      <App />
    </WampProvider>
  </StrictMode>,
);
