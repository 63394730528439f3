import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { openCheckpointBook } from '../../src/doctor/checkpoint/checkpoint-book.ts'
import {
  checkpointsMax,
  fileBytesMax,
  type Checkpoint,
} from '../../src/doctor/checkpoint/checkpoint.ts'
import { takeCheckpoint } from '../../src/doctor/checkpoint/take-checkpoint.ts'
import { listing, WorkTree } from './work-tree.ts'

/** States that a repository can be in, and folders that are in none. */

function repository(): WorkTree {
  const tree = new WorkTree()
  tree.git(['init', '-q', '-b', 'main'])
  tree.write('a.txt', 'one\n')
  tree.write('folder/b.txt', 'two\n')
  tree.git(['add', '--all'])
  tree.git(['commit', '-qm', 'first'])
  return tree
}

async function take(tree: WorkTree, folder = tree.top): Promise<Checkpoint> {
  const outcome = await takeCheckpoint(tree.parts, { folder, reason: 'test' })
  if (outcome.kind !== 'taken') assert.fail(JSON.stringify(outcome))
  return outcome.checkpoint
}

/** What a restore gives is what lay there, and nothing of the user's git changed. */
async function assertExact(tree: WorkTree, leftOut: readonly string[] = []): Promise<Checkpoint> {
  const before = tree.fingerprint()
  const checkpoint = await take(tree)
  const book = await openCheckpointBook(tree.parts, tree.top)
  await book.restoreToFolder(checkpoint.id, join(tree.root, 'restored'))
  assert.deepEqual(listing(join(tree.root, 'restored')), listing(tree.top, new Set(leftOut)))
  assert.deepEqual(tree.fingerprint(), before)
  return checkpoint
}

test('a repository without a commit is kept', async () => {
  using tree = new WorkTree()
  tree.git(['init', '-q', '-b', 'main'])
  tree.write('new.txt', 'x')

  const checkpoint = await assertExact(tree)

  assert.deepEqual([checkpoint.branch, checkpoint.headCommit], ['main', null])
})

test('a rebase that stopped at a conflict is kept, and can go on', async () => {
  using tree = repository()
  tree.git(['switch', '-qc', 'side'])
  tree.write('a.txt', 'side\n')
  tree.git(['commit', '-qam', 'side'])
  tree.git(['switch', '-q', 'main'])
  tree.write('a.txt', 'main\n')
  tree.git(['commit', '-qam', 'main'])
  tree.tryGit(['rebase', 'side'])
  assert.match(readFileSync(join(tree.top, 'a.txt'), 'utf8'), /<<<<<<</)

  const checkpoint = await assertExact(tree)

  assert.equal(checkpoint.branch, null)
  tree.write('a.txt', 'both\n')
  tree.git(['add', 'a.txt'])
  tree.git(['-c', 'core.editor=true', 'rebase', '--continue'])
})

test('a work tree of a bare repository is kept in that repository', async () => {
  using tree = new WorkTree()
  const bare = join(tree.root, 'bare.git')
  using origin = repository()
  tree.git(['clone', '-q', '--bare', origin.top, bare], tree.root)
  tree.remove('')
  tree.git(['worktree', 'add', '-q', '-b', 'work', tree.top], bare)
  tree.write('new.txt', 'x')

  const checkpoint = await assertExact(tree)

  assert.match(tree.git(['for-each-ref'], bare), new RegExp(checkpoint.id))
})

test('submodules are named and keep their commit; other repositories within are named and left alone', async () => {
  using library = repository()
  using tree = repository()
  tree.git(['-c', 'protocol.file.allow=always', 'submodule', 'add', '-q', library.top, 'library'])
  tree.git(['commit', '-qm', 'with a library'])
  tree.write('library/a.txt', 'changed within\n')
  mkdirSync(join(tree.top, 'nested'))
  tree.git(['init', '-q'], join(tree.top, 'nested'))
  writeFileSync(join(tree.top, 'nested', 'work.txt'), 'x')

  const checkpoint = await take(tree)

  assert.deepEqual([checkpoint.submodules, checkpoint.nested], [['library'], ['nested']])
  const book = await openCheckpointBook(tree.parts, tree.top)
  await book.restoreToBranch(checkpoint.id, 'rescued')
  assert.match(tree.git(['ls-tree', '-r', 'rescued']), /^160000 commit \w+\tlibrary$/m)
  assert.equal(readFileSync(join(tree.top, 'library', 'a.txt'), 'utf8'), 'changed within\n')
})

test('what git was told not to look at is looked at', async () => {
  using tree = repository()
  tree.git(['update-index', '--assume-unchanged', 'a.txt'])
  tree.git(['update-index', '--skip-worktree', 'folder/b.txt'])
  tree.write('a.txt', 'changed\n')
  tree.write('folder/b.txt', 'changed too\n')
  tree.write('intended.txt', 'x')
  tree.git(['add', '--intent-to-add', 'intended.txt'])

  await assertExact(tree)
})

test('line endings that the old attribute converts come back as they lay', async () => {
  using tree = new WorkTree()
  tree.git(['init', '-q'])
  tree.write('.gitattributes', '*.txt crlf=input\n')
  tree.write('a.txt', 'one\r\ntwo\r\n')
  tree.git(['add', '--all'])
  tree.git(['commit', '-qm', 'first'])

  await assertExact(tree)
})

test('a split index, and a repository with long object names, are read as well', async () => {
  using split = repository()
  split.git(['update-index', '--split-index'])
  split.write('a.txt', 'changed\n')
  await assertExact(split)

  using long = new WorkTree()
  long.git(['init', '-q', '--object-format=sha256'])
  long.write('a.txt', 'one\n')
  await assertExact(long)
})

test('no hook of the user runs, and no program that the repository names', async () => {
  using tree = repository()
  const mark = join(tree.root, 'ran')
  const program = join(tree.root, 'program')
  writeFileSync(program, `#!/bin/sh\necho ran >> '${mark}'\n`)
  chmodSync(program, 0o755)
  const hooks = ['post-index-change', 'reference-transaction', 'pre-commit', 'post-checkout']
  for (const name of hooks) {
    writeFileSync(join(tree.top, '.git', 'hooks', name), readFileSync(program), { mode: 0o755 })
  }
  tree.git(['config', 'core.fsmonitor', program])
  tree.git(['config', 'diff.external', program])
  tree.git(['config', 'filter.any.clean', program])
  tree.git(['config', 'core.pager', program])
  tree.write('.gitattributes', '* filter=any diff=any\n')
  tree.write('a.txt', 'changed\n')

  const checkpoint = await take(tree)
  const book = await openCheckpointBook(tree.parts, tree.top)
  await book.restoreToFolder(checkpoint.id, join(tree.root, 'restored'))
  tree.write('a.txt', 'once more\n')
  assert.match(await book.differences(checkpoint.id, 'whole'), /^-changed\n\+once more$/m)

  assert.equal(existsSync(mark), false)
})

test('a huge file, a pipe and a socket cost nothing, and the huge file is named', async () => {
  using tree = repository()
  tree.write('huge.bin', '')
  truncateSync(join(tree.top, 'huge.bin'), fileBytesMax + 1)
  execFileSync('mkfifo', [join(tree.top, 'pipe')])

  const checkpoint = await assertExact(tree, ['huge.bin'])

  assert.deepEqual(checkpoint.skipped, [{ path: 'huge.bin', why: 'too_large' }])
})

test('what is ignored now is not overwritten by a restore in place, and is named', async () => {
  using tree = repository()
  tree.write('notes.txt', 'then\n')
  const checkpoint = await take(tree)
  tree.write('.gitignore', 'notes.txt\n')
  tree.write('notes.txt', 'precious\n')
  tree.remove('folder')
  tree.write('folder', 'a file now\n')

  const book = await openCheckpointBook(tree.parts, tree.top)
  const plan = await book.planInPlace(checkpoint.id)
  await plan.apply()

  assert.deepEqual(plan.leftAlone, ['notes.txt'])
  assert.equal(readFileSync(join(tree.top, 'notes.txt'), 'utf8'), 'precious\n')
  assert.equal(readFileSync(join(tree.top, 'folder', 'b.txt'), 'utf8'), 'two\n')
})

test('a folder with unkept files in it is not removed to make room for a file', async () => {
  using tree = repository()
  tree.write('out', 'a file then\n')
  const checkpoint = await take(tree)
  tree.remove('out')
  tree.write('.gitignore', '*.log\n')
  tree.write('out/precious.log', 'x')

  const book = await openCheckpointBook(tree.parts, tree.top)
  const plan = await book.planInPlace(checkpoint.id)
  const failed = await plan.apply()

  assert.deepEqual([...plan.leftAlone, ...failed], ['out'])
  assert.equal(readFileSync(join(tree.top, 'out', 'precious.log'), 'utf8'), 'x')
})

test('a branch from a checkpoint has what a commit by hand would have, on top of the commit it stood at', async () => {
  using tree = repository()
  tree.git(['config', 'core.autocrlf', 'true'])
  tree.write('crlf.txt', 'one\r\ntwo\r\n')
  tree.write('.gitignore', 'forced.log\n')
  tree.write('forced.log', 'x')
  tree.git(['add', '--force', 'forced.log'])
  const checkpoint = await take(tree)

  const book = await openCheckpointBook(tree.parts, tree.top)
  await book.restoreToBranch(checkpoint.id, 'rescued')

  tree.git(['add', '--all'])
  assert.equal(tree.git(['rev-parse', 'rescued^{tree}']), tree.git(['write-tree']))
  assert.equal(tree.git(['rev-parse', 'rescued^']), tree.git(['rev-parse', 'main']))
  await assert.rejects(book.restoreToBranch(checkpoint.id, 'rescued'), /already/)
  await assert.rejects(book.restoreToBranch(checkpoint.id, '--force'), /cannot be the name/)
})

test('a second checkpoint of the same files is the first one, and old ones make room', async () => {
  using tree = repository()
  const first = await take(tree)

  const again = await takeCheckpoint(tree.parts, { folder: tree.top, reason: 'test' })
  assert.ok(again.kind === 'unchanged')
  assert.equal(again.checkpoint.id, first.id)
  const lines = Array.from({ length: checkpointsMax }, (_, at) => {
    const id = `cp_${String(at).padStart(16, '0')}`
    return `create refs/plimsoll/checkpoints/${id} ${tree.git(['rev-parse', `refs/plimsoll/checkpoints/${first.id}`])}`
  })
  execFileSync('git', ['update-ref', '--stdin'], {
    cwd: tree.top,
    env: tree.environment,
    input: lines.join(''),
  })
  tree.write('a.txt', 'changed\n')
  const outcome = await takeCheckpoint(tree.parts, { folder: tree.top, reason: 'test' })

  assert.ok(outcome.kind === 'taken')
  assert.equal(outcome.pruned, 2)
})

test('a folder in no repository is kept apart: without what programs fill, within the bounds', async () => {
  using tree = new WorkTree()
  tree.write('notes/a.txt', 'one\r\n')
  tree.write('node_modules/x/index.js', 'x')
  tree.write('run.sh', 'echo', 0o755)
  tree.link('link', 'notes')

  const checkpoint = await take(tree, join(tree.top))
  tree.write('notes/a.txt', 'changed\n')

  assert.equal(checkpoint.place, 'store')
  const book = await openCheckpointBook(tree.parts, tree.top)
  assert.equal(await book.differences(checkpoint.id, 'names'), 'M\tnotes/a.txt')
  const plan = await book.planInPlace(checkpoint.id)
  await plan.apply()
  assert.equal(readFileSync(join(tree.top, 'notes', 'a.txt'), 'utf8'), 'one\r\n')
  assert.equal(existsSync(join(tree.top, '.git')), false)
  await book.forget((await book.list()).map(({ id }) => id))
  assert.deepEqual(await book.list(), [])
})

test('where there is no git the files are copied, and come back', async () => {
  using tree = new WorkTree()
  tree.write('a.txt', 'one\r\n')
  tree.write('run.sh', 'echo', 0o755)
  tree.link('link', 'a.txt')
  const parts = { ...tree.parts, environment: { PATH: join(tree.root, 'nothing') } }

  const outcome = await takeCheckpoint(parts, { folder: tree.top, reason: 'test' })
  const book = await openCheckpointBook(parts, tree.top)
  await book.restoreToFolder('latest', join(tree.root, 'restored'))

  assert.equal(outcome.kind === 'taken' && outcome.checkpoint.place, 'copy')
  assert.deepEqual(listing(join(tree.root, 'restored')), listing(tree.top))
  await assert.rejects(book.planInPlace('latest'), /needs git/)
})

test('a folder that does not exist is said, not thrown', async () => {
  using tree = new WorkTree()

  const outcome = await takeCheckpoint(tree.parts, {
    folder: join(tree.root, 'nowhere'),
    reason: 'test',
  })

  assert.equal(outcome.kind, 'failed')
})

test('variables that lead git elsewhere, and a caller that sits deep in the tree, do not mislead', async () => {
  using tree = repository()
  using other = repository()
  const parts = {
    ...tree.parts,
    environment: {
      ...tree.environment,
      GIT_DIR: join(other.top, '.git'),
      GIT_WORK_TREE: other.top,
      GIT_INDEX_FILE: join(other.root, 'x'),
    },
  }

  const outcome = await takeCheckpoint(parts, {
    folder: join(tree.top, 'folder'),
    reason: 'test',
  })

  assert.equal(outcome.kind === 'taken' && outcome.checkpoint.folder, tree.top)
})
