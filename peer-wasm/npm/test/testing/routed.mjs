// What the tests of the router in the page have in common.
import { test } from 'node:test';
import { createRouter } from 'wamplex/testing';

export { rejection } from '../scripted.mjs';

/** Runs a test with a router of its own. */
export function routed(name, options, run) {
  test(name, async (t) => {
    const router = await createRouter(options);
    t.after(() => router.close());
    await run(router, t);
  });
}
