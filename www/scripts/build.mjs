// Builds the page into dist/, and leaves that alone if the page is the same as before: the router embeds the folder, and
// compiles anew whenever a file in it is written.
import { readFileSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const fresh = join(root, '.dist');

await build({ root, build: { outDir: fresh, emptyOutDir: true } });
if (same(fresh, dist)) {
  rmSync(fresh, { recursive: true });
  console.log('dist is up to date');
} else {
  rmSync(dist, { recursive: true, force: true });
  renameSync(fresh, dist);
}

function same(one, other) {
  const files = filesBelow(one);
  return (
    files.join('\n') === filesBelow(other).join('\n') &&
    files.every((file) => readFileSync(join(one, file)).equals(readFileSync(join(other, file))))
  );
}

/** The files of a folder by their paths in it, sorted; none if there is no such folder. */
function filesBelow(folder) {
  const isThere = statSync(folder, { throwIfNoEntry: false })?.isDirectory();
  const names = isThere ? readdirSync(folder, { recursive: true }) : [];
  return names.filter((name) => statSync(join(folder, name)).isFile()).sort();
}
