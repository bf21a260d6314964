// As much of node:fs/promises as pages can have: the files of the package that the runner serves.
import { Buffer } from './globals.mjs';

export async function readFile(url, encoding) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  return encoding ? bytes.toString(encoding) : bytes;
}
