import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { mutate, MutantError, parseMutant, readMutants, readSource, root } from './mutant.ts'
import { cellsOf, readPage } from './mutants-page.ts'
import { tryMutants, type Outcome } from './try-mutants.ts'

const mutants = readMutants()

test('every mutant still applies to the sources, where its text stands exactly once', () => {
  assert.ok(mutants.length >= 30, `${mutants.length} mutants found`)
  const stale: string[] = []
  for (const mutant of mutants) {
    try {
      mutate(mutant, readSource)
    } catch (error) {
      if (!(error instanceof MutantError)) throw error
      stale.push(error.message)
    }
  }
  assert.deepEqual(stale, [], 'rewrite test/mutants/patches/<name>.mutant to be the same bug again')
})

test('every mutant comes from a scenario, changes what runs, and names tests that exist', () => {
  const scenarios = readFileSync(join(root, 'docs', 'scenarios.md'), 'utf8')
  for (const { id, row, killers, changes } of mutants) {
    assert.ok(row === '-' || scenarios.includes(`\n| ${row} |`), `${id}: no scenario ${row}`)
    for (const killer of killers) {
      assert.match(killer, /^(src|test)\/.*\.test\.ts$/, id)
      assert.ok(existsSync(join(root, killer)), `${id}: no ${killer}`)
    }
    for (const { path } of changes) assert.match(path, /^src\/.*(?<!\.test)\.ts$/, id)
  }
})

test('every scenario that is held has a mutant', () => {
  const [held = ''] = readFileSync(join(root, 'docs', 'scenarios.md'), 'utf8').split('\n## ')
  const ids = [...held.matchAll(/^\| ([A-Z]\d+) \|/gm)].map(([, id = '']) => id)
  assert.ok(ids.length >= 42)

  const rows = new Set(mutants.map(({ row }) => row))
  const without = ids.filter((id) => !rows.has(id))
  assert.deepEqual(without, [], 'write its bug as a patch under test/mutants/patches/')
})

test('docs/mutants.md has the killer of every mutant, and no other rows', () => {
  const page = readPage()
  const how = 'npm run mutants -- --write'
  assert.deepEqual(
    [...page.keys()],
    mutants.map(({ id }) => id),
    how,
  )
  for (const mutant of mutants) {
    const cells = page.get(mutant.id) ?? ''
    assert.ok(cells.startsWith(cellsOf(mutant)), `${mutant.id} was changed: ${how}`)
    const [, file = ''] = /`([^`]+\.test\.ts)`: /.exec(cells) ?? []
    assert.ok(existsSync(join(root, file)), `${mutant.id}: its killer ${file} is gone: ${how}`)
  }
})

test('a patch whose text is gone, or stands twice, does not apply', () => {
  const text = 'row: D6\nbug: One.\nkillers: a.test.ts\n\nin: src/a.ts\n<<<<\nold\n====\n>>>>\n'
  const mutant = parseMutant('one', text)

  assert.deepEqual(mutate(mutant, () => 'an old word').get('src/a.ts'), 'an  word')
  assert.throws(() => mutate(mutant, () => 'a new word'), MutantError)
  assert.throws(() => mutate(mutant, () => 'old, old'), MutantError)
  assert.throws(() => parseMutant('two', text.replace('row: ', 'rows: ')), MutantError)
  assert.throws(() => parseMutant('three', `${text}and more\n`), MutantError)
})

test('a slice of the mutants is killed, and one that changes nothing survives', async () => {
  const slice = ['wallet-asked-while-the-plan-has-room', 'rounded-per-kind-of-token']
  const chosen = mutants.filter(({ id }) => slice.includes(id))
  const harmless = parseMutant(
    'harmless',
    'row: D2\nbug: None.\nkillers: test/rules/accounting.test.ts\n\n' +
      'in: src/core/money.ts\n<<<<\nexport type Nanos = bigint\n====\nexport type Nanos = bigint // \n>>>>\n',
  )
  const seen: Outcome[] = []
  const outcomes = await tryMutants({
    mutants: [...chosen, harmless],
    jobs: 1,
    killersOf: ({ killers }) => killers,
    killersMaxMs: 120_000,
    onOutcome: (outcome) => seen.push(outcome),
  })

  assert.equal(outcomes.length, 3)
  assert.deepEqual(seen, outcomes)
  for (const { mutant, isKilled, verdict } of outcomes) {
    const isHarmless = mutant.id === 'harmless'
    assert.equal(verdict.kind, isHarmless ? 'passed' : 'failed', `${mutant.id}: ${verdict.what}`)
    assert.equal(isKilled, !isHarmless)
  }
})
