// End to end in Node: every subject is a process, and they take turns.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('node-client.mjs', import.meta.url));

/** Starts a subject; `run` does one turn of a scenario. */
export async function startInNode(subject, url, flags = []) {
  const child = fork(program, [JSON.stringify({ ...subject, url })], { execArgv: flags });
  const ended = once(child, 'exit').then(([code]) => ({ failed: `the process ended with ${code}` }));
  const answer = () => Promise.race([once(child, 'message').then(([message]) => message), ended]);
  await answer();
  return {
    run(scenario, milliseconds) {
      child.send({ scenario, milliseconds });
      return answer();
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
