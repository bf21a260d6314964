// Packs the package as it would be published.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../scripts/entries.mjs';
import { work } from './install.mjs';

/** Makes the tarball of what is in dist/; the file it is in. */
export function pack() {
  mkdirSync(work, { recursive: true });
  const [{ filename, size, unpackedSize, files }] = npmPack('--pack-destination', work);
  console.log(`${filename}: ${kilobytes(size)}, ${kilobytes(unpackedSize)} unpacked, ${files.length} files`);
  return join(work, filename);
}

/** The files in it. */
export function contents(tarball) {
  return npmPack('--dry-run', tarball)[0].files.map(({ path }) => path);
}

function npmPack(...args) {
  // Scripts would build all of it again.
  const printed = execFileSync('npm', ['pack', '--json', '--ignore-scripts', ...args], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  return JSON.parse(printed);
}

function kilobytes(bytes) {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
