import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { openCheckpointBook } from '../../src/doctor/checkpoint/checkpoint-book.ts'
import type { Checkpoint, CheckpointParts } from '../../src/doctor/checkpoint/checkpoint.ts'
import { createGit } from '../../src/doctor/checkpoint/git-program.ts'
import { takeCheckpoint } from '../../src/doctor/checkpoint/take-checkpoint.ts'
import { WorkTree } from './work-tree.ts'

async function take(parts: CheckpointParts, folder: string): Promise<Checkpoint> {
  const outcome = await takeCheckpoint(parts, { folder, reason: 'test' })
  assert.ok(outcome.kind !== 'failed', JSON.stringify(outcome))
  return outcome.checkpoint
}

test('two work trees of one repository do not take each other’s checkpoints for their own', async () => {
  using tree = new WorkTree()
  tree.git(['init', '--quiet'])
  tree.write('a.txt', 'first')
  tree.git(['add', '--all'])
  tree.git(['commit', '--quiet', '-m', 'first'])
  const other = join(tree.root, 'other')
  tree.git(['worktree', 'add', '--quiet', '-b', 'side', other])
  tree.write('a.txt', 'mine')
  const mine = await take(tree.parts, tree.top)
  writeFileSync(join(other, 'a.txt'), 'of the other')

  const theirs = await take(tree.parts, other)
  const book = await openCheckpointBook(tree.parts, tree.top)

  assert.equal((await book.find('latest')).id, mine.id)
  assert.deepEqual(
    (await book.list()).map(({ id }) => id),
    [mine.id],
  )
  assert.equal((await book.find(theirs.id)).id, theirs.id)
})

test('a repository whose files lie elsewhere keeps its checkpoints', async () => {
  using tree = new WorkTree()
  const files = join(tree.root, 'files')
  mkdirSync(files)
  tree.git(['init', '--quiet'])
  tree.git(['config', 'core.worktree', files])
  writeFileSync(join(files, 'a.txt'), 'first')
  tree.git(['add', '--all'])
  tree.git(['commit', '--quiet', '-m', 'first'])
  writeFileSync(join(files, 'a.txt'), 'second')
  writeFileSync(join(files, 'new.txt'), 'new')

  const kept = await take(tree.parts, tree.top)

  assert.equal(kept.place, 'repository')
  assert.equal(kept.fileCount, 2)
  const to = join(tree.root, 'out')
  await (await openCheckpointBook(tree.parts, tree.top)).restoreToFolder('latest', to)
  assert.equal(readFileSync(join(to, 'a.txt'), 'utf8'), 'second')
  assert.equal(readFileSync(join(to, 'new.txt'), 'utf8'), 'new')
  assert.equal(existsSync(join(files, '.git')), false)
})

test('a folder that points at another repository’s files does not put them into its own', async () => {
  using tree = new WorkTree()
  // The work tree lies in another repository than the one that it belongs to.
  tree.git(['init', '--quiet'])
  tree.write('outer.txt', 'outer')
  tree.git(['add', '--all'])
  tree.git(['commit', '--quiet', '-m', 'outer'])
  const files = join(tree.top, 'files')
  const inner = join(tree.root, 'inner')
  mkdirSync(files)
  mkdirSync(inner)
  tree.git(['init', '--quiet'], inner)
  tree.git(['config', 'core.worktree', files], inner)
  writeFileSync(join(files, 'a.txt'), 'of the inner one')

  await take(tree.parts, inner)

  assert.equal(tree.git(['for-each-ref', 'refs/plimsoll']), '')
  assert.notEqual(tree.git(['for-each-ref', 'refs/plimsoll'], inner), '')
})

/** A git that fails to read one file, as it does when the file changes under it. */
function gitThatFailsAt(tree: WorkTree, path: string): CheckpointParts {
  const folder = join(tree.root, 'bin')
  mkdirSync(folder)
  const script = `#!/bin/sh
real=$(PATH=$(echo "$PATH" | sed "s|^[^:]*:||") command -v git)
case " $* " in
  *" update-index "*" --add "*)
    t=$(mktemp); cat >"$t"
    if tr '\\0' '\\n' <"$t" | grep -qx '${path}'; then rm "$t"; echo "error: short read" >&2; exit 128; fi
    "$real" "$@" <"$t"; c=$?; rm "$t"; exit $c;;
esac
exec "$real" "$@"
`
  writeFileSync(join(folder, 'git'), script)
  chmodSync(join(folder, 'git'), 0o755)
  const environment = { ...tree.environment, PATH: `${folder}:${tree.environment['PATH']}` }
  return { ...tree.parts, environment }
}

test('a file that would not hold still is not overwritten by a restore in place', async () => {
  using tree = new WorkTree()
  tree.git(['init', '--quiet'])
  tree.write('a.txt', 'first')
  tree.write('b.txt', 'first')
  tree.git(['add', '--all'])
  tree.git(['commit', '--quiet', '-m', 'first'])
  tree.write('a.txt', 'second')
  const { id } = await take(tree.parts, tree.top)
  tree.write('a.txt', 'the work of today')
  tree.write('b.txt', 'changed as well')
  const parts = gitThatFailsAt(tree, 'a.txt')

  const book = await openCheckpointBook(parts, tree.top)
  const plan = await book.planInPlace(id)
  await plan.apply()

  assert.equal(readFileSync(join(tree.top, 'a.txt'), 'utf8'), 'the work of today')
  assert.equal(readFileSync(join(tree.top, 'b.txt'), 'utf8'), 'first')
  assert.deepEqual(plan.leftAlone, ['a.txt'])
})

test('what changes between the plan of a restore and its execution is left alone', async () => {
  using tree = new WorkTree()
  tree.git(['init', '--quiet'])
  tree.write('.gitignore', '*.log\n')
  for (const name of ['write.txt', 'add.txt', 'add.log', 'same.txt']) tree.write(name, 'old')
  tree.git(['add', '--all', '--force'])
  tree.git(['commit', '--quiet', '-m', 'first'])
  const { id } = await take(tree.parts, tree.top)
  tree.write('write.txt', 'new')
  tree.write('same.txt', 'new')
  tree.write('removed.txt', 'new')
  tree.git(['rm', '--quiet', '--cached', 'add.log'])
  tree.remove('add.txt')
  tree.remove('add.log')

  const book = await openCheckpointBook(tree.parts, tree.top)
  const plan = await book.planInPlace(id)
  for (const name of ['write.txt', 'removed.txt', 'add.txt', 'add.log']) {
    tree.write(name, `${name} of this moment`)
  }
  const failed = await plan.apply()

  for (const name of ['write.txt', 'removed.txt', 'add.txt', 'add.log']) {
    assert.equal(readFileSync(join(tree.top, name), 'utf8'), `${name} of this moment`)
  }
  assert.deepEqual(failed.toSorted(), ['add.log', 'add.txt', 'removed.txt', 'write.txt'])
  assert.equal(readFileSync(join(tree.top, 'same.txt'), 'utf8'), 'old')
})

test('where nothing can be written and there is no git, a checkpoint says so and throws nothing', async () => {
  using tree = new WorkTree()
  tree.write('a.txt', 'a')
  writeFileSync(join(tree.root, 'state'), 'a file where the folder should be')

  const outcome = await takeCheckpoint(
    { ...tree.parts, environment: { PATH: '' } },
    { folder: tree.top, reason: 'test' },
  )

  assert.equal(outcome.kind, 'failed')
})

test('a helper folder that a full disk left half-written is made whole', async () => {
  using tree = new WorkTree()
  tree.git(['init', '--quiet'])
  tree.git(['config', 'core.autocrlf', 'true'])
  tree.write('a.txt', 'one\r\ntwo\r\n')
  await take(tree.parts, tree.top)
  const own = join(tree.top, '.git', 'plimsoll')
  for (const name of ['HEAD', 'config', 'info/attributes']) writeFileSync(join(own, name), '')
  tree.write('b.txt', 'three\r\nfour\r\n')

  await take(tree.parts, tree.top)
  const to = join(tree.root, 'out')
  await (await openCheckpointBook(tree.parts, tree.top)).restoreToFolder('latest', to)

  assert.equal(readFileSync(join(to, 'b.txt'), 'utf8'), 'three\r\nfour\r\n')
})

test('what a sparse checkout left out is never taken for removed', async () => {
  using tree = new WorkTree()
  tree.git(['init', '--quiet'])
  tree.write('in/a.txt', 'a')
  tree.write('out/b.txt', 'b')
  tree.git(['add', '--all'])
  tree.git(['commit', '--quiet', '-m', 'first'])
  tree.git(['sparse-checkout', 'set', '--cone', '--sparse-index', 'in'])
  tree.write('in/a.txt', 'changed')
  assert.equal(existsSync(join(tree.top, 'out')), false)

  const kept = await take(tree.parts, tree.top)
  const book = await openCheckpointBook(tree.parts, tree.top)
  const to = join(tree.root, 'out')
  await book.restoreToFolder('latest', to)

  assert.equal(kept.absentCount, 1)
  assert.equal(readFileSync(join(to, 'in', 'a.txt'), 'utf8'), 'changed')
  await assert.rejects(book.restoreToBranch('latest', 'rescued'), /sparse checkout left 1 files/)
  tree.git(['sparse-checkout', 'disable'])
  tree.write('in/a.txt', 'changed again')
  const plan = await book.planInPlace(kept.id)
  assert.deepEqual(await plan.apply(), [])
  assert.deepEqual(plan.leftAlone, ['out/b.txt'])
  assert.equal(readFileSync(join(tree.top, 'in', 'a.txt'), 'utf8'), 'changed')
  assert.equal(readFileSync(join(tree.top, 'out', 'b.txt'), 'utf8'), 'b')
})

test('a folder that became a link gets its files back, and what the link leads to stays', async () => {
  using tree = new WorkTree()
  tree.git(['init', '--quiet'])
  tree.write('folder/a.txt', 'then')
  const { id } = await take(tree.parts, tree.top)
  tree.remove('folder')
  const outside = join(tree.root, 'outside')
  mkdirSync(outside)
  writeFileSync(join(outside, 'a.txt'), 'outside')
  tree.link('folder', outside)

  const plan = await (await openCheckpointBook(tree.parts, tree.top)).planInPlace(id)
  const failed = await plan.apply()

  assert.deepEqual([...plan.leftAlone, ...failed], [])
  assert.equal(readFileSync(join(tree.top, 'folder', 'a.txt'), 'utf8'), 'then')
  assert.equal(readFileSync(join(outside, 'a.txt'), 'utf8'), 'outside')
})

test('files whose names git does not take are named as left out', async () => {
  using tree = new WorkTree()
  tree.git(['init', '--quiet'])
  const names = ['.GIT', 'git~1', '.git.']
  for (const name of ['a.txt', ...names]) tree.write(name, name)

  const { skipped, fileCount } = await take(tree.parts, tree.top)

  assert.equal(fileCount, 1)
  assert.deepEqual(
    skipped.toSorted((one, other) => (one.path < other.path ? -1 : 1)),
    names.toSorted().map((path) => ({ path, why: 'name' })),
  )
})

test(
  'a pipe in the place of a list of ignored files does not hang for ever',
  { skip: process.platform === 'win32' },
  async () => {
    using tree = new WorkTree()
    tree.git(['init', '--quiet'])
    execFileSync('mkfifo', [join(tree.top, '.gitignore')])
    const git = createGit(tree.environment, 500)

    await assert.rejects(
      git(['ls-files', '--others', '--exclude-standard'], { cwd: tree.top }),
      /a pipe in the place of a file/,
    )
  },
)
