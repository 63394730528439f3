import assert from 'node:assert/strict'
import { test } from 'node:test'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../mutants/mutant.ts'
import { nameMutants, type CoreMutant } from './core-mutants.ts'
import { readExplained } from './explained.ts'
import type { RawMutant } from './instrumenter.ts'
import { reportOf } from './report.ts'
import { tryCoreMutants, type Outcome } from './try-core-mutants.ts'
import { Worker } from './workers.ts'

const file = 'src/core/x.ts'

/** What stands between two columns of a line, both counted from 0, and what is put in its place. */
function raw(line: number, columns: readonly [number, number], replacement: string): RawMutant {
  const [from, to] = columns
  const location = { start: { line, column: from }, end: { line, column: to } }
  return { id: `${line}.${from}`, fileName: file, mutatorName: 'Kind', replacement, location }
}

test('a mutant is known by its text, so it is the same one when lines move', () => {
  const named = (source: string, mutants: readonly RawMutant[]): readonly CoreMutant[] =>
    nameMutants(mutants, new Map([[file, source]]))
  const [before] = named('  if (a < b) c()\n', [raw(0, [6, 11], 'a <= b')])
  const [after] = named('\n\n    if (a < b) c()\n', [raw(2, [8, 13], 'a <= b')])

  assert.equal(before?.key, `${file} | Kind | if (a < b) c() | a < b | a <= b`)
  assert.equal(after?.key, before.key)
  assert.deepEqual([before.line, after?.line], [1, 3])
})

test('two mutants of the same text are told apart by their number', () => {
  const source = 'f(1)\nf(1)\n'
  const mutants = [raw(0, [2, 3], '2'), raw(1, [2, 3], '2'), raw(1, [2, 3], '3')]
  const keys = nameMutants(mutants, new Map([[file, source]])).map(({ key }) => key)

  assert.equal(new Set(keys).size, 3)
  assert.equal(keys[1], `${keys[0]} | 2`)
})

test('the score is cut to a tenth, and what no test reaches counts as survived', () => {
  const source = 'f(1, 2, 3)\n'
  const mutants = nameMutants(
    [raw(0, [2, 3], '9'), raw(0, [5, 6], '9'), raw(0, [8, 9], '9')],
    new Map([[file, source]]),
  )
  const outcomes: readonly Outcome[] = [
    { kind: 'killed', how: 'failed', by: 'a test' },
    { kind: 'killed', how: 'endless' },
    { kind: 'unreached' },
  ]
  const pairs = mutants.map(
    (mutant, nth) => [mutant, outcomes[nth] ?? { kind: 'survived' }] as const,
  )
  const explained = new Map([[mutants[2]?.key ?? '', 'nobody can tell']])
  const report = reportOf(new Map(pairs), explained)

  assert.deepEqual([report.killed, report.total, report.score], [2, 3, '66.6'])
  assert.deepEqual(report.ways, { failed: 1, endless: 1, too_long: 0, died: 0, not_loaded: 0 })
  assert.deepEqual(report.files, [{ file, killed: 2, total: 3, score: '66.6' }])
  assert.deepEqual(
    report.survivors.map(({ mutant, why }) => [mutant.was, why]),
    [['3', 'nobody can tell']],
  )
})

test('every explanation is of a line that still stands in its source', () => {
  const sources = new Map(
    globSync('src/core/*.ts', { cwd: root }).map((path) => [
      path.replaceAll('\\', '/'),
      readFileSync(join(root, path), 'utf8').replaceAll(/\s+/g, ' '),
    ]),
  )
  for (const [key, why] of readExplained()) {
    const [path = '', , text = ''] = key.split(' | ')
    assert.ok(sources.get(path)?.includes(text), `${key}\nis explained, and not there any more`)
    assert.ok(why.length > 20, key)
  }
})

test('a worker runs the tests of a tree again and again, with a mutant and without', async () => {
  const folder = join(import.meta.dirname, 'tree')
  const { worker, loaded } = await Worker.start(
    { folder, tests: ['sum-examples.ts'] },
    { lawRuns: [3] },
  )
  try {
    assert.deepEqual(loaded, { kind: 'loaded', unloaded: [], failure: '' })
    const { durations, perTest, whileLoading } = await worker.measure()
    const [first = '', second = '', law = ''] = Object.keys(durations)
    assert.deepEqual(
      [first, second, law],
      [
        'sum-examples.ts: a sum › of two is both',
        'sum-examples.ts: a sum › of none is zero',
        'test/model/laws.ts: a sum grows (3 stories)',
      ],
    )
    assert.deepEqual(whileLoading, ['2', '6'])
    assert.equal(perTest[first]?.['0'], 4)
    assert.equal(perTest[second]?.['0'], undefined)
    const attempt = (mutantId: string, hitMax = 1000) =>
      worker.try({ mutantId, tests: [first, second, law], hitMax, isAlone: false }, 60_000)

    const killed = await attempt('0')
    assert.ok(killed.kind === 'failed')
    assert.equal(killed.test, first)
    assert.deepEqual(await attempt('none'), { kind: 'passed' })
    const endless = await attempt('1', 50)
    assert.ok(endless.kind === 'endless')
    assert.deepEqual(await attempt('none'), { kind: 'passed' })
    assert.deepEqual(await attempt('3'), { kind: 'spoilt' })
  } finally {
    worker.end()
  }
})

test('a process that ends is tried once more alone, and only one that ends again was killed', async () => {
  const mutants = ['0', '1', '3', '4', '5', '6', '7', '8'].map((id): CoreMutant => {
    const text = { mutator: 'Kind', text: '', was: '', becomes: '' }
    return { id, file: Number(id) < 7 ? 'sum.ts' : 'remembering.ts', line: 1, key: id, ...text }
  })
  const tree = {
    folder: join(import.meta.dirname, 'tree'),
    tests: ['sum-examples.ts'],
    mutants,
    remembering: new Set(['remembering.ts']),
    sourceDigests: new Map<string, string>(),
    testsDigest: '',
  }
  const found = new Map<string, string>()
  await tryCoreMutants(tree, {
    mutants,
    jobs: 1,
    isQuick: true,
    onOutcome: ({ id }, { kind, how = '' }) => found.set(id, `${kind} ${how}`.trim()),
  })

  assert.deepEqual(Object.fromEntries(found), {
    0: 'killed failed',
    1: 'killed endless',
    3: 'killed failed',
    4: 'survived',
    5: 'killed died',
    6: 'killed not_loaded',
    // Reached by a test that does not notice, because it asked first; another does.
    7: 'killed failed',
    8: 'survived',
  })
})

test('a file that does not load hides no test of the others', async () => {
  const folder = join(import.meta.dirname, 'tree')
  const load = { lawRuns: [3] }
  const tests = ['not-there.ts', 'sum-examples.ts']
  const { worker, loaded } = await Worker.start({ folder, tests }, load)
  try {
    assert.ok(loaded.kind === 'loaded')
    assert.deepEqual(loaded.unloaded, ['not-there.ts'])
    assert.match(loaded.failure, /^not-there\.ts: Cannot find module/)
    assert.equal(Object.keys((await worker.measure()).durations).length, 3)
  } finally {
    worker.end()
  }
})
