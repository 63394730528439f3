import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { shellWord } from '../../src/config/shell-word.ts'
import { WorkTree } from '../doctor/work-tree.ts'
import { runCommand, tooWide } from './cli-world.ts'

/** `plimsoll checkpoint …`, without a server. */

const cliOf =
  (tree: WorkTree) =>
  (args: readonly string[]): ReturnType<typeof runCommand> =>
    runCommand(tree.top, ['checkpoint', ...args], { environment: tree.environment })

function repository(): WorkTree {
  const tree = new WorkTree()
  tree.git(['init', '-q', '-b', 'main'])
  tree.write('a.txt', 'one\n')
  tree.git(['add', '--all'])
  tree.git(['commit', '-qm', 'first'])
  return tree
}

test('a work tree is kept, listed, compared, brought back beside itself and in place, and forgotten', async () => {
  using tree = repository()
  const cli = cliOf(tree)
  tree.write('a.txt', 'work of an hour\n')
  tree.write('new.txt', 'x')

  const taken = await cli(['take'])
  assert.equal(taken.code, 0, taken.err)
  assert.match(taken.out, /^Kept as it is now: 2 files of /)
  assert.match(taken.out, /It cannot bring back what the files were before that moment\./)
  tree.git(['checkout', '-q', '--', 'a.txt'])
  tree.remove('new.txt')

  const listed = await cli(['list'])
  assert.match(listed.out, /cp_\w{16} +\S+ +by hand +main +2\n/)
  const shown = await cli(['show'])
  assert.match(shown.out, /M {2}a\.txt\n {2}A {2}new\.txt/)
  const differing = await cli(['diff', '--names'])
  assert.equal(differing.code, 5)
  assert.match(differing.out, /D {2}new\.txt/)
  const beside = await cli(['restore', '--to', '../beside'])
  assert.equal(beside.code, 0, beside.err)
  assert.equal(readFileSync(join(tree.root, 'beside', 'a.txt'), 'utf8'), 'work of an hour\n')

  const planned = await cli(['restore', '--in-place'])
  assert.match(
    planned.out,
    /Would be brought back[^]*M a\.txt\n {2}A new\.txt[^]*Nothing was changed/,
  )
  assert.equal(readFileSync(join(tree.top, 'a.txt'), 'utf8'), 'one\n')
  const [, id = ''] = /restore (cp_\w+) --in-place --yes/.exec(planned.out) ?? []
  const done = await cli(['restore', id, '--in-place', '--yes'])
  assert.match(done.out, /^Brought back[^]*Undo it:\n/)
  assert.equal(readFileSync(join(tree.top, 'a.txt'), 'utf8'), 'work of an hour\n')

  const pruned = JSON.parse((await cli(['prune', '--keep', '0', '--yes', '--json'])).out)
  assert.equal(pruned.forgotten.length, 2)
  assert.match((await cli(['list'])).out, /No checkpoint of this folder yet/)
  assert.equal(tree.git(['for-each-ref', 'refs/plimsoll']), '')
})

test('called from elsewhere, every command that is shown to copy names the folder', async () => {
  using tree = repository()
  const cli = cliOf(tree)
  const elsewhere = (args: readonly string[]): ReturnType<typeof runCommand> =>
    runCommand(tree.root, ['checkpoint', ...args, '--folder', tree.top], {
      environment: tree.environment,
    })

  const taken = await elsewhere(['take'])
  tree.write('a.txt', 'newer\n')
  const planned = await elsewhere(['restore', '--in-place'])
  const pruned = await elsewhere(['prune', '--keep', '0'])
  const shown = [taken, await elsewhere(['show']), planned, pruned]
  const [id = ''] = /cp_\w+/.exec(taken.out) ?? []
  const done = await elsewhere(['restore', id, '--in-place', '--yes'])
  const within = await cli(['show'])

  for (const { code, out } of [...shown, done]) {
    const commands = out.split('\n').filter((line) => line.startsWith('  npm run'))
    assert.equal(code, 0)
    assert.equal(commands.length, 1, out)
    assert.ok(commands[0]?.endsWith(` --folder ${shellWord(tree.top)}`), out)
  }
  assert.doesNotMatch(within.out, /--folder/)
})

test('a restore in place that is looked at first and then done by the same words does what was shown', async () => {
  using tree = repository()
  const cli = cliOf(tree)
  tree.write('a.txt', 'good work\n')
  await cli(['take'])
  tree.write('a.txt', 'ruined\n')

  const shown = await cli(['restore', '--in-place'])
  assert.match(shown.out, /Would be brought back/)
  const done = await cli(['restore', '--in-place', '--yes'])

  assert.match(done.out, /^Brought back/)
  assert.equal(readFileSync(join(tree.top, 'a.txt'), 'utf8'), 'good work\n')
  assert.match((await cli(['diff', 'latest', '--names'])).out, /Nothing differs/)
})

test('names that would steer a terminal are shown without what steers it, and lines fit', async () => {
  using tree = repository()
  const cli = cliOf(tree)
  tree.write('\u001b]52;c;aGk=\u0007evil\u202e', 'x')
  tree.write('.gitattributes', '')

  const outputs = [
    await cli(['take']),
    await cli(['list']),
    await cli(['show']),
    await cli(['restore', '--in-place']),
  ]

  for (const { out } of outputs) {
    assert.equal(/\p{Cc}|\p{Cf}/u.test(out.replaceAll('\n', '')), false, out)
    assert.deepEqual(tooWide(out.replaceAll(/cp_\w+ --\S.*$/gm, ''), 80), [])
  }
})

test('what cannot be done says so, changes nothing, and ends with its code', async () => {
  using tree = repository()
  const cli = cliOf(tree)

  const none = await cli(['restore', 'latest', '--to', '../x'])
  assert.deepEqual([none.code, none.out], [1, ''])
  assert.match(none.err, /There is no checkpoint of this folder yet/)
  await cli(['take'])
  assert.equal((await cli(['restore'])).code, 2)
  assert.equal((await cli(['restore', '--to', '.'])).code, 1)
  assert.equal((await cli(['restore', 'cp_zzzz', '--to', '../x'])).code, 1)
  assert.equal((await cli(['take', '--folder', '/nowhere'])).code, 1)
  assert.equal((await cli(['prune', '--keep', 'all'])).code, 2)
})
