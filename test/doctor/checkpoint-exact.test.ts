import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { openCheckpointBook } from '../../src/doctor/checkpoint/checkpoint-book.ts'
import { takeCheckpoint } from '../../src/doctor/checkpoint/take-checkpoint.ts'
import { listing, WorkTree } from './work-tree.ts'

/** Random work trees: whatever lies in one comes back byte for byte, and the user's git does not notice. */

const names = fc.constantFrom(
  'a',
  'b.txt',
  'ünï çödé',
  ' leading and trailing ',
  '-dash',
  '--option=1',
  'line\nbreak',
  'quo"te',
  "it's",
  '*glob*',
  ':(top)magic',
  '#hash',
  '!bang',
  'tab\there',
  'back\\slash',
  '日本語',
  'e\u0301',
  'x.crlf',
  'x.lfs',
  'x.ident',
  'x.utf16',
  'kept.log',
)
const paths = fc.array(names, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))
const contents = fc.oneof(
  fc.constantFrom(
    '',
    'one\ntwo\n',
    'one\r\ntwo\r\n',
    'mixed\r\nends\n',
    '$Id$\n',
    '$Id: 0123 $\r\n',
    'version https://git-lfs.github.com/spec/v1\n',
    'no end',
  ),
  fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
)
const change = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('file' as const),
      path: paths,
      content: contents,
      isProgram: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('link' as const),
      path: paths,
      target: fc.constantFrom('a', '../b', 'not/there', '.'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), path: paths }) },
)
type Change = typeof change extends fc.Arbitrary<infer One> ? One : never

const attributes = fc.constantFrom(
  '',
  '* text=auto\n',
  '*.txt text eol=crlf\n*.crlf -text\n',
  '*.lfs filter=broken\n* text=auto eol=lf\n',
  '*.ident ident\n*.utf16 working-tree-encoding=UTF-16LE\n',
)

const story = fc.record({
  autocrlf: fc.constantFrom('false', 'true', 'input'),
  attributes,
  ignore: fc.constantFrom('', '*.log\n', 'b.txt\na/\n', '*\n!*.txt\n'),
  committed: fc.array(change, { maxLength: 10 }),
  staged: fc.array(change, { maxLength: 4 }),
  loose: fc.array(change, { maxLength: 8 }),
})

function carryOut(tree: WorkTree, changes: readonly Change[]): void {
  for (const one of changes) {
    try {
      if (one.kind === 'remove') tree.remove(one.path)
      else if (one.kind === 'file') tree.write(one.path, one.content, one.isProgram ? 0o755 : 0o644)
      else {
        tree.remove(one.path)
        tree.link(one.path, one.target)
      }
    } catch {
      // A file stands where a folder would have to be, or the other way round: such a change is none.
    }
  }
}

function tell(
  tree: WorkTree,
  { autocrlf, attributes: rules, ignore }: { autocrlf: string; attributes: string; ignore: string },
): void {
  tree.git(['init', '-q'])
  tree.git(['config', 'core.autocrlf', autocrlf])
  // A filter that answers nonsense: a checkpoint that asked it would not be exact.
  tree.git(['config', 'filter.broken.clean', 'echo filtered'])
  tree.git(['config', 'filter.broken.smudge', 'echo filtered'])
  tree.write('.gitattributes', rules)
  if (ignore !== '') tree.write('.gitignore', ignore)
}

test('whatever lies in a work tree comes back byte for byte, and index, refs, reflogs and status stay', async () => {
  const property = fc.asyncProperty(story, async (told) => {
    using tree = new WorkTree()
    tell(tree, told)
    carryOut(tree, told.committed)
    tree.tryGit(['add', '--all'])
    tree.tryGit(['commit', '-qm', 'first', '--allow-empty'])
    carryOut(tree, told.staged)
    tree.tryGit(['add', '--all'])
    carryOut(tree, told.loose)
    const tracked = new Set(tree.git(['ls-files', '-z']).split('\0'))
    const ignored = new Set([...tree.ignored()].filter((path) => !tracked.has(path)))
    const before = tree.fingerprint()

    const outcome = await takeCheckpoint(tree.parts, { folder: tree.top, reason: 'test' })

    assert.equal(outcome.kind, 'taken', JSON.stringify(outcome))
    assert.deepEqual(tree.fingerprint(), before)
    const book = await openCheckpointBook(tree.parts, tree.top)
    const target = join(tree.root, 'restored')
    await book.restoreToFolder('latest', target)
    assert.deepEqual(listing(target), listing(tree.top, ignored))
    assert.deepEqual(tree.fingerprint(), before)
    assert.equal(await book.differences('latest', 'names'), '')
  })
  await fc.assert(property, { numRuns: Number(process.env['CHECKPOINT_RUNS'] ?? 10) })
})

test('a restore in place gives the old files back, its undo gives the new ones back, and ignored files stay', async () => {
  const property = fc.asyncProperty(story, async (told) => {
    using tree = new WorkTree()
    tell(tree, told)
    carryOut(tree, told.committed)
    tree.tryGit(['add', '--all'])
    tree.tryGit(['commit', '-qm', 'first', '--allow-empty'])
    const first = await takeCheckpoint(tree.parts, { folder: tree.top, reason: 'test' })
    assert.ok(first.kind === 'taken')
    const then = listing(tree.top)
    const ignoredThen = tree.ignored()
    carryOut(tree, told.loose)
    const now = listing(tree.top)
    const ignored = tree.ignored()
    const index = tree.fingerprint()[join(tree.top, '.git', 'index')]

    const book = await openCheckpointBook(tree.parts, tree.top)
    const plan = await book.planInPlace(first.checkpoint.id)
    assert.deepEqual(listing(tree.top), now, 'a plan alone changes nothing')
    await plan.apply()

    // Ignored files of both moments are outside of what is kept.
    const leftOut = new Set([...ignoredThen, ...ignored, ...tree.ignored(), ...plan.leftAlone])
    for (const path of ignored) assert.equal(listing(tree.top).get(path), now.get(path), path)
    assert.deepEqual(without(listing(tree.top), leftOut), without(then, leftOut))
    assert.equal(tree.fingerprint()[join(tree.top, '.git', 'index')], index)

    const undo = await book.planInPlace(plan.undo.id)
    await undo.apply()
    assert.deepEqual(without(listing(tree.top), leftOut), without(now, leftOut))
    assert.equal(existsSync(join(tree.top, '.git', 'index.lock')), false)
  })
  await fc.assert(property, { numRuns: Number(process.env['CHECKPOINT_RUNS'] ?? 10) })
})

const without = (
  all: ReadonlyMap<string, string>,
  leftOut: ReadonlySet<string>,
): ReadonlyMap<string, string> => new Map([...all].filter(([path]) => !leftOut.has(path)))
