import { defineConfig, type Plugin } from 'vite';

/** What the page may do: run its own code and wasm, and open WebSockets. The built page carries it, so that it is never broken unnoticed. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self'",
  'connect-src ws: wss:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** The dev server injects inline styles, which the policy forbids: only the build gets it. */
function contentSecurityPolicy(): Plugin {
  return {
    name: 'content-security-policy',
    apply: 'build',
    transformIndexHtml: () => [
      { tag: 'meta', attrs: { 'http-equiv': 'Content-Security-Policy', content: POLICY }, injectTo: 'head-prepend' },
    ],
  };
}

export default defineConfig({
  base: './',
  plugins: [contentSecurityPolicy()],
  server: { host: '127.0.0.1', fs: { allow: ['.', '../peer-wasm/npm'] } },
  build: { modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
});
