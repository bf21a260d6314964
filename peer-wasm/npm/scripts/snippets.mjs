// Finds the examples of the documentation, so that the compiler can check them: the `ts` and `js` blocks of README.md,
// docs/*.md and the comments of the declarations. Names that they use without a word are in types/snippets.d.ts.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './entries.mjs';

const folder = join(root, '.work', 'snippets');

/** Writes each example as a module of its own, with its line numbers, and returns the configuration that checks them. */
export function writeSnippets() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const texts = ['README.md', ...inside('docs', '.md')];
  const declarations = [...inside('.', '.d.ts'), ...inside('declarations', '.d.ts')];
  const found = [...texts.flatMap((name) => blocks(name, /^/)), ...declarations.flatMap((name) => blocks(name, /^\s*\* ?/))];
  for (const { name, line, code } of found) {
    const file = join(folder, `${name.replace(/[/.]/g, '-')}-${line}.ts`);
    writeFileSync(file, `${'\n'.repeat(line)}${code.join('\n')}\nexport {};\n`);
  }
  const config = join(folder, 'tsconfig.json');
  writeFileSync(config, JSON.stringify(CONFIG));
  return { config, count: found.length };
}

const CONFIG = {
  compilerOptions: {
    strict: true, noEmit: true, target: 'es2022', module: 'esnext', moduleResolution: 'bundler', allowUnusedLabels: false,
    lib: ['es2022', 'dom', 'dom.asynciterable', 'esnext.disposable'], types: ['node'], typeRoots: ['../../node_modules/@types'],
    paths: { wamplex: ['../../index.d.ts'], 'wamplex/slim': ['../../index.d.ts'], 'wamplex/*': ['../../*.d.ts'] },
  },
  include: ['*.ts', '../../types/snippets*.d.ts'],
};

function inside(where, ending) {
  const names = readdirSync(join(root, where)).filter((name) => name.endsWith(ending));
  return names.map((name) => (where === '.' ? name : `${where}/${name}`));
}

/** The blocks of a file, whose lines begin with `margin`. */
function blocks(name, margin) {
  const found = [];
  let open;
  readFileSync(join(root, name), 'utf8').split('\n').forEach((text, at) => {
    const line = text.replace(margin, '');
    if (open && line.startsWith('```')) open = void found.push(open);
    else if (open) open.code.push(line);
    else if (/^```(ts|js)$/.test(line)) open = { name, line: at + 1, code: [] };
  });
  return found;
}
