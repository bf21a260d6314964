// The apps. Each is made of a folder in apps/ and of the files in shared/, and says how it is run:
//   build    a command that comes first
//   page     a folder to serve, for a browser
//   server   a command that serves at {port}; a browser opens the path `open` there, or `fetch` has the outcome in its answer
//   program  a command that is given the address and prints the outcome
//   policy   the Content-Security-Policy of the page
//   alone    the app runs shared/sides.mjs and not the scenario: it needs no router
// Commands are those in node_modules of the app.

const dev = ['vite', '--host', '127.0.0.1', '--port', '{port}', '--strictPort'];
const next = { folder: 'next', build: ['next', 'build'], server: ['next', 'start', '--hostname', '127.0.0.1', '--port', '{port}'] };
const esbuild = (script) => ['esbuild', script, '--bundle', '--format=esm', '--minify', '--outfile=dist/main.js'];
const workerd = ['workerd', 'serve', 'config.capnp', '--socket-addr', 'http=127.0.0.1:{port}'];
const webpack = (script) => ['webpack', '--mode', 'production', '--entry', `./${script}`];
const policy = "default-src 'none'; img-src data:; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' ws://127.0.0.1:*";
const wrangler = ['wrangler', 'dev', '--ip', '127.0.0.1', '--port', '{port}'];

export const APPS = [
  { name: 'html', page: '.' },
  { name: 'vite', build: ['vite', 'build'], page: 'dist' },
  { name: 'vite-dev', folder: 'vite', server: dev, open: '/' },
  { name: 'vite-slim', folder: 'vite', build: ['vite', 'build', 'slim', '--outDir', '../dist', '--emptyOutDir'], page: 'dist' },
  { name: 'vite-sides', folder: 'vite', build: ['vite', 'build', 'sides', '--outDir', '../dist', '--emptyOutDir'], page: 'dist', alone: true },
  { name: 'vite-tabs', folder: 'vite', build: ['vite', 'build', 'tabs', '--outDir', '../dist', '--emptyOutDir'], page: 'dist' },
  { name: 'webpack', build: webpack('page.mjs'), page: '.' },
  { name: 'webpack-slim', folder: 'webpack', build: webpack('slim.mjs'), page: '.' },
  { name: 'webpack-sides', folder: 'webpack', build: webpack('sides.mjs'), page: '.', alone: true },
  { name: 'webpack-tabs', folder: 'webpack', build: webpack('tabs.mjs'), page: '.' },
  { name: 'rollup', build: ['rollup', '--config'], page: '.' },
  { name: 'rollup-sides', folder: 'rollup', build: ['rollup', '--config', '--input', 'sides.mjs'], page: '.', alone: true },
  { name: 'esbuild', build: esbuild('page.mjs'), page: '.', policy },
  {
    name: 'esbuild-slim', folder: 'esbuild', page: '.', policy,
    build: [...esbuild('slim.mjs'), '--loader:.wasm=file', '--public-path=/dist'],
  },
  { name: 'esbuild-sides', folder: 'esbuild', build: esbuild('sides.mjs'), page: '.', policy, alone: true },
  { name: 'parcel', build: ['parcel', 'build', 'index.html', '--no-cache'], page: 'dist' },
  { name: 'next-server', ...next, fetch: '/server' },
  { name: 'next-client', ...next, open: '/client' },
  { name: 'next-edge', ...next, fetch: '/edge' },
  ...['node20', 'node22', 'node24'].flatMap((folder) => [
    { name: folder, folder, program: ['node', 'program.mjs'] },
    { name: `${folder}-require`, folder, program: ['node', 'program.cjs'] },
    { name: `${folder}-rawsocket`, folder, program: ['node', 'rawsocket.mjs'] },
    { name: `${folder}-sides`, folder, program: ['node', 'sides.mjs'], alone: true },
  ]),
  { name: 'bun', program: ['bun', 'program.mjs'] },
  { name: 'bun-require', folder: 'bun', program: ['bun', 'program.cjs'] },
  { name: 'bun-rawsocket', folder: 'bun', program: ['bun', 'rawsocket.mjs'] },
  { name: 'bun-sides', folder: 'bun', program: ['bun', 'sides.mjs'], alone: true },
  { name: 'deno', program: ['deno', 'run', '--allow-all', 'program.mjs'] },
  { name: 'deno-rawsocket', folder: 'deno', program: ['deno', 'run', '--allow-all', 'rawsocket.mjs'] },
  { name: 'deno-sides', folder: 'deno', program: ['deno', 'run', '--allow-all', 'sides.mjs'], alone: true },
  { name: 'vitest', build: ['vitest', 'run'], program: ['node', 'program.mjs'] },
  { name: 'workerd', server: workerd, fetch: '/' },
  { name: 'wrangler', build: ['wrangler', 'deploy', '--dry-run', '--outdir', 'dist'], server: wrangler, fetch: '/' },
  { name: 'wrangler-sides', folder: 'wrangler', server: [...wrangler, 'sides.js'], fetch: '/', alone: true },
].map((app) => ({ folder: app.name, ...app }));
