// Makes an app of its template in .work/, with the package installed from its tarball. Done again only when something changed.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './processes.mjs';

const here = dirname(fileURLToPath(import.meta.url));
/** Where everything is that may be deleted at any time. */
export const work = join(here, '.work');

const SECONDS = 300;

/** The folder of an app that is ready to be built. */
export async function install(name, tarball) {
  const template = join(here, 'apps', name);
  const folder = join(work, name);
  mkdirSync(folder, { recursive: true });
  // Whatever the last build left would be mistaken for this one's.
  for (const left of readdirSync(folder)) {
    if (!['node_modules', '.dependencies', '.tarball'].includes(left)) rmSync(join(folder, left), { recursive: true });
  }
  for (const from of [join(here, 'shared'), template]) cpSync(from, folder, { recursive: true });
  await unlessDone(join(folder, '.dependencies'), [join(template, 'package.json'), join(template, 'package-lock.json')], async () => {
    rmSync(join(folder, '.tarball'), { force: true });
    // Not `npm ci`: it gives up where the lock file lacks an optional package for another system.
    await npm('install', folder);
  });
  await unlessDone(join(folder, '.tarball'), [tarball], () => npm('install', '--no-save', '--no-package-lock', tarball, folder));
  // Bundlers keep what they made of a package for as long as its version stays the same.
  for (const cache of ['.vite', '.cache']) rmSync(join(folder, 'node_modules', cache), { recursive: true, force: true });
  return folder;
}

function npm(...args) {
  const folder = args.pop();
  return run(['npm', ...args, '--no-audit', '--no-fund', '--loglevel=error'], folder, SECONDS);
}

/** Does something unless the stamp says that it was done with these very files, on this version of Node. */
async function unlessDone(stamp, files, todo) {
  const hash = createHash('sha256').update(process.version);
  for (const file of files) hash.update(readFileSync(file));
  const state = hash.digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === state) return;
  rmSync(stamp, { force: true });
  await todo();
  writeFileSync(stamp, state);
}
