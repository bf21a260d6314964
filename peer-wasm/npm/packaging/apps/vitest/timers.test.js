import { afterEach, expect, test, vi } from 'vitest';
import { createRouter } from 'wamplex/testing';

afterEach(() => vi.useRealTimers());

for (const when of ['before', 'after']) {
  test(`the router works when timers are replaced ${when} it was made`, async () => {
    if (when === 'before') vi.useFakeTimers();
    const router = await createRouter();
    if (when === 'after') vi.useFakeTimers();
    const client = await router.connect();
    await router.procedure('com.example.answer', ([waits]) => (waits ? new Promise(() => {}) : 'now'));
    expect(await client.call('com.example.answer', [false])).toBe('now');

    const failing = () => client.call('com.example.answer', [true], { options: { timeout: 5000 } }).catch((error) => error);
    const first = failing();
    await router.settled();
    await vi.advanceTimersByTimeAsync(5001);
    expect((await first).uri).toBe('wamp.error.timeout');
    const second = failing();
    await router.advance(5000);
    expect((await second).uri).toBe('wamp.error.timeout');
    await router.close();
  });
}
