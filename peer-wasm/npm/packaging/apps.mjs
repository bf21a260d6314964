// The apps. Each is made of a folder in apps/ and of the files in shared/, and says how it is run:
//   build    a command that comes first
//   page     a folder to serve, for a browser
//   server   a command that serves at {port}; a browser opens the path `open` there, or `fetch` has the outcome in its answer
//   program  a command that is given the address and prints the outcome
// Commands are those in node_modules of the app.

const dev = ['vite', '--host', '127.0.0.1', '--port', '{port}', '--strictPort'];
const next = { folder: 'next', build: ['next', 'build'], server: ['next', 'start', '--hostname', '127.0.0.1', '--port', '{port}'] };
const esbuild = (script) => ['esbuild', script, '--bundle', '--format=esm', '--minify', '--outfile=dist/main.js'];
const workerd = ['workerd', 'serve', 'config.capnp', '--socket-addr', 'http=127.0.0.1:{port}'];
const wrangler = ['wrangler', 'dev', '--ip', '127.0.0.1', '--port', '{port}'];

export const APPS = [
  { name: 'vite', build: ['vite', 'build'], page: 'dist' },
  { name: 'vite-dev', folder: 'vite', server: dev, open: '/' },
  { name: 'vite-slim', folder: 'vite', build: ['vite', 'build', 'slim', '--outDir', '../dist', '--emptyOutDir'], page: 'dist' },
  { name: 'webpack', build: ['webpack', '--mode', 'production', '--entry', './page.mjs'], page: '.' },
  { name: 'webpack-slim', folder: 'webpack', build: ['webpack', '--mode', 'production', '--entry', './slim.mjs'], page: '.' },
  { name: 'rollup', build: ['rollup', '--config'], page: '.' },
  { name: 'esbuild', build: esbuild('page.mjs'), page: '.' },
  {
    name: 'esbuild-slim', folder: 'esbuild', page: '.',
    build: [...esbuild('slim.mjs'), '--loader:.wasm=file', '--public-path=/dist'],
  },
  { name: 'parcel', build: ['parcel', 'build', 'index.html', '--no-cache'], page: 'dist' },
  { name: 'next-server', ...next, fetch: '/server' },
  { name: 'next-client', ...next, open: '/client' },
  { name: 'next-edge', ...next, fetch: '/edge' },
  ...['node20', 'node22', 'node24'].flatMap((folder) => [
    { name: folder, folder, program: ['node', 'program.mjs'] },
    { name: `${folder}-require`, folder, program: ['node', 'program.cjs'] },
  ]),
  { name: 'bun', program: ['bun', 'program.mjs'] },
  { name: 'bun-require', folder: 'bun', program: ['bun', 'program.cjs'] },
  { name: 'deno', program: ['deno', 'run', '--allow-all', 'program.mjs'] },
  { name: 'vitest', build: ['vitest', 'run'], program: ['node', 'program.mjs'] },
  { name: 'workerd', server: workerd, fetch: '/' },
  { name: 'wrangler', build: ['wrangler', 'deploy', '--dry-run', '--outdir', 'dist'], server: wrangler, fetch: '/' },
].map((app) => ({ folder: app.name, ...app }));
