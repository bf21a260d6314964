// Programs with a time limit, which end with all that they started.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Runs a command in a folder to its end; what it printed, which is also in the error if it fails or takes too long. */
export async function run(command, folder, seconds) {
  const child = start(command, folder);
  const timer = setTimeout(() => child.end(`did not end within ${seconds} s`), seconds * 1000);
  const status = await child.ended;
  clearTimeout(timer);
  if (status !== 0) throw new Error(`${command.join(' ')}: ${status}\n${child.printed()}`);
  return child.printed();
}

/** Starts a command; `ended` resolves with its exit status, or with the reason that `end` was given. `interrupt` is Ctrl-C. */
export function start([program, ...args], folder) {
  const bin = join(folder, 'node_modules', '.bin');
  const env = { ...process.env, CI: '1', NO_COLOR: '1', NEXT_TELEMETRY_DISABLED: '1', PATH: bin + delimiter + process.env.PATH };
  delete env.NODE_ENV;
  // The command leads a group: some start others and leave them behind.
  const child = spawn(existsSync(join(bin, program)) ? join(bin, program) : program, args, {
    cwd: folder, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let reason;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (output = (output + text).slice(-20_000)));
  }
  process.once('exit', killGroup);
  child.once('exit', killGroup);
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(reason ?? code ?? signal));
  }).finally(() => process.off('exit', killGroup));
  return { ended, end, interrupt: () => process.kill(-child.pid, 'SIGINT'), printed: () => output };

  function end(why) {
    reason ??= why;
    killGroup();
    return ended;
  }

  function killGroup() {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // All of them have ended.
    }
  }
}

/**
 * Starts a command that serves at the port in the place of `{port}`; resolves when somebody listens there. The port is free
 * when it is chosen: it is chosen again if it is somebody's by the time the command wants it.
 */
export async function serve(command, folder, seconds) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await serveOnce(command, folder, seconds);
    } catch (error) {
      if (attempt === 3 || !/EADDRINUSE|in use/i.test(error.message)) throw error;
    }
  }
}

async function serveOnce(command, folder, seconds) {
  const port = await freePort();
  const child = start(command.map((word) => word.replace('{port}', port)), folder);
  let status;
  void child.ended.then((code) => (status = code));
  for (const deadline = Date.now() + seconds * 1000; !(await listens(port)); await sleep(100)) {
    if (status === undefined && Date.now() > deadline) await child.end(`does not listen after ${seconds} s`);
    if (status !== undefined) throw new Error(`${command.join(' ')}: ${status}\n${child.printed()}`);
  }
  return { ...child, origin: `http://127.0.0.1:${port}` };
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function listens(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
