// Checks the declarations against every set of libraries that a consumer may have, and the sources and examples against them.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { presentEntries, root } from './entries.mjs';
import { writeSnippets } from './snippets.mjs';

const tsc = join(root, 'node_modules', '.bin', 'tsc');
const strict = ['--ignoreConfig', '--noEmit', '--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--target', 'es2022'];
const bundler = ['--module', 'esnext', '--moduleResolution', 'bundler', '--verbatimModuleSyntax'];
const nodenext = ['--module', 'nodenext', '--moduleResolution', 'nodenext'];
// Declarations of entries that need no framework need no library either.
const alone = presentEntries().filter(({ types, packages }) => types && packages.every((name) => name === 'wamplex'));
const plain = ['types/any-library.ts', 'types/autobahn.ts', 'types/contract.ts', 'types/testing.ts', ...new Set(alone.map(({ types }) => types))];

check('declarations alone', ['--lib', 'es2022', ...bundler, ...plain]);
check('declarations under nodenext', ['--lib', 'es2022', ...nodenext, ...plain]);
check('with the DOM', ['--lib', 'es2022,dom', ...bundler, 'types/any-library.ts', 'types/contract.ts', 'types/validators.ts']);
check('with the DOM and disposables', ['--lib', 'es2022,dom,dom.asynciterable,esnext.disposable', ...bundler, 'types/any-library.ts', 'types/contract.ts', 'types/testing.ts', 'types/dom.ts']);
check('with Node', ['--lib', 'es2022', '--types', 'node', ...nodenext, 'types/any-library.ts', 'types/contract.ts', 'types/validators.ts', 'types/node.ts']);
for (const framework of ['react', 'vue', 'svelte']) {
  check(`with ${framework}`, ['--lib', 'es2022,dom', ...bundler, `types/${framework}.ts`]);
  check(`with ${framework} and a contract`, ['--lib', 'es2022,dom', ...bundler, `types/${framework}-contract.ts`]);
}
run('the sources', ['-p', 'tsconfig.json']);
const { config, count } = writeSnippets();
run(`${count} examples in the documentation`, ['-p', config]);

function check(what, args) {
  run(what, [...strict, ...args]);
}

function run(what, args) {
  try {
    execFileSync(tsc, args, { cwd: root, stdio: 'pipe', encoding: 'utf8' });
    console.log(`ok: ${what}`);
  } catch (error) {
    console.error(`failed: ${what}\n${error.stdout ?? error}`);
    process.exitCode = 1;
  }
}
