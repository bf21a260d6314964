// The real router, on a port that the system chose.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
/** The program. */
export const binary = process.env.WAMPLEX_ROUTER ?? join(root, 'target', 'debug', 'wamplex');

/** Starts a router, with this configuration in TOML if there is one; `stop` kills it as a crash would. */
export async function startRouter(config) {
  const folder = config && mkdtempSync(join(tmpdir(), 'wamplex-'));
  if (folder) writeFileSync(join(folder, 'wamplex.toml'), `[[listeners]]\naddress = "127.0.0.1:0"\n${config}`);
  const from = folder ? ['--config', join(folder, 'wamplex.toml')] : ['--listen', '127.0.0.1:0'];
  const child = spawn(binary, [...from, '--log', 'warn'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const url = await new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(new Error(`cannot start ${binary}: run 'cargo build' first`, { cause })));
    void exited.then((code) => reject(new Error(`the router ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = /listening on (ws:\S+)/.exec(line);
      if (found) resolve(found[1]);
    });
  });
  return {
    url,
    /** Ctrl-C. */
    interrupt: () => child.kill('SIGINT'),
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
      if (folder) rmSync(folder, { recursive: true });
    },
  };
}
