// Tests that need a page of a certain kind, or at least a page: those that are named so run in browsers only.

/** By file: what the page's Content-Security-Policy says, or that it comes from a host that is not trusted. */
export const PAGES = {
  'browsers/csp.page.mjs': { policy: "script-src 'self' 'nonce-page'" },
  'browsers/connect.page.mjs': { policy: "script-src 'self' 'nonce-page' 'wasm-unsafe-eval'; connect-src 'self'" },
  'browsers/insecure.page.mjs': { insecure: true },
  'browsers/worker.page.mjs': {},
  'worker/silence.test.mjs': { insecure: true },
};
