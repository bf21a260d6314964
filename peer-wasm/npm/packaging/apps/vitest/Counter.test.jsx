import { act, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WampError } from 'wamplex';
import { ClientProvider } from 'wamplex/react';
import { createRouter } from 'wamplex/testing';
import { Counter } from './Counter.jsx';

let router;
beforeEach(async () => {
  router = await createRouter();
  const client = await router.connect({ reconnect: { initialDelay: 1, maxDelay: 1 } });
  render(<ClientProvider client={client}><Counter /></ClientProvider>);
  // Until the component has subscribed.
  await act(() => router.settled());
});
afterEach(() => act(() => router.close()));

test('shows the count', async () => {
  await act(() => router.publish('com.example.count', 7));
  expect(screen.getByRole('button').textContent).toBe('count is 7');
});

test('asks for one more', async () => {
  const calls = [];
  await router.procedure('com.example.increment', (args) => void calls.push(args));
  await userEvent.click(screen.getByRole('button'));
  await act(() => router.settled());
  expect(calls).toEqual([[1]]);
});

test('says why it cannot count', async () => {
  await router.procedure('com.example.increment', () => {
    throw new WampError('com.example.error.full', { args: ['the counter is full'] });
  });
  await userEvent.click(screen.getByRole('button'));
  await act(() => router.settled());
  expect(screen.getByRole('alert').textContent).toMatch(/the counter is full/);
});

test('goes on when the connection was lost', async () => {
  await act(() => router.cut());
  await waitFor(() => expect(router.sessions).toHaveLength(1));
  await act(() => router.settled());
  await act(() => router.publish('com.example.count', 8));
  expect(screen.getByRole('button').textContent).toBe('count is 8');
});
