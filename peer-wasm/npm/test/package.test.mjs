// What is published: package.json, scripts/entries.mjs and dist/ agree.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { test } from 'node:test';
import { INTERNALS } from '../scripts/internals.mjs';
import { MODULES, buildableEntries, modulesOf, packageExports, presentEntries } from '../scripts/entries.mjs';

const root = new URL('../', import.meta.url);
const manifest = JSON.parse(await readFile(new URL('package.json', root), 'utf8'));
const inDist = await readdir(new URL('dist/', root));
const declarations = (await readdir(root)).filter((name) => name.endsWith('.d.ts'));
const scripts = inDist.filter((name) => name.endsWith('.js'));

test('package.json exports what the table of entries says, in that order', () => {
  assert.equal(JSON.stringify(manifest.exports, null, 2), JSON.stringify(packageExports(), null, 2));
  for (const field of ['main', 'module']) assert.equal(manifest[field], manifest.exports['.'].default, field);
  assert.equal(manifest.types, manifest.exports['.'].types);
});

test('what an entry may import is this package, an optional peer, or part of the runtime', () => {
  const peers = Object.keys(manifest.peerDependencies);
  for (const { source, packages } of presentEntries()) {
    for (const name of packages) assert.ok(name === 'wamplex' || isBuiltin(name) || peers.includes(name), `${source}: ${name}`);
  }
  assert.deepEqual(Object.keys(manifest.peerDependenciesMeta), peers);
  for (const { optional } of Object.values(manifest.peerDependenciesMeta)) assert.equal(optional, true);
  assert.deepEqual(manifest.dependencies ?? {}, {}, 'browsers download dependencies');
});

test('dist/ holds what the table says and nothing else', () => {
  const wanted = new Set([...declarations, ...modulesOf(buildableEntries()).map((name) => MODULES[name].file)]);
  for (const { types, files } of buildableEntries()) {
    assert.ok(!types || wanted.has(types), `${types} is missing`);
    for (const file of Object.values(files)) wanted.add(file);
  }
  wanted.add('declarations');
  assert.deepEqual(inDist.sort(), [...wanted].sort());
});

for (const name of scripts) {
  test(`${name} loads everywhere: no address of its own, no await at the top`, async () => {
    const text = await readFile(new URL(`dist/${name}`, root), 'utf8');
    // Bundlers follow such addresses even where nothing runs them.
    assert.doesNotMatch(text, /import\.meta/);
    // Concurrent imports deadlock on it in WebKit, and require() refuses it.
    assert.doesNotMatch(text, /^(?:const .* = )?await /m);
  });
}

test('no name that is shortened is one that applications know', async () => {
  const files = ['index.d.ts', ...(await readdir(new URL('declarations/', root))).map((name) => `declarations/${name}`)];
  for (const name of files) {
    const text = (await readFile(new URL(name, root), 'utf8')).replace(/\/\*[^]*?\*\//g, '');
    const members = new Set(Array.from(text.matchAll(/(\w+)\??[(:<]/g), ([, member]) => member));
    assert.deepEqual(INTERNALS.filter((internal) => members.has(internal)), [], name);
  }
});

test('runtimes that compile nothing import the file', async () => {
  const forms = { 'workerd.js': './wamplex.wasm', 'edge-light.js': './wamplex.wasm?module' };
  for (const [name, path] of Object.entries(forms)) {
    const text = await readFile(new URL(`dist/${name}`, root), 'utf8');
    assert.ok(text.includes(`import module from "${path}";`), name);
  }
});
