import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareWithout } from './isolation.ts'
import { runSeeds, type SeedRow } from './run-seeds.ts'

async function run(seeds: readonly number[], steps: number): Promise<readonly SeedRow[]> {
  const rows: SeedRow[] = []
  await runSeeds({ seeds, count: null, steps, untilMs: Infinity, jobs: 2 }, (row) => {
    rows.push(row)
  })
  return rows.toSorted((left, right) => left.seed - right.seed)
}

test('a seed does the same again, to the byte, in another process', async () => {
  const [first, second] = await run([13, 13], 1000)

  assert.equal(first?.digest.length, 32)
  assert.deepEqual([first?.digest, first?.steps], [second?.digest, second?.steps])
  assert.ok((first?.seen.serverLives ?? 0) > 1, 'no server died in this world')
})

test('nothing that must not be happens in the worlds of some seeds', async () => {
  const rows = await run([2, 8, 16, 18, 22, 23, 24], 1200)

  assert.deepEqual(
    rows.flatMap(({ seed, violations }) => violations.map((why) => `seed ${seed}: ${why}`)),
    [],
  )
  for (const { seed, steps, seen } of rows) {
    assert.ok(steps >= 1200, `seed ${seed} has ${steps} steps`)
    const { decided, undecided, operations } = seen.histories
    assert.ok(decided > 0 && undecided === 0 && operations > 50, `seed ${seed}: ${operations}`)
  }
})

/** A slice of the campaign (docs/simulation-campaign.md), in parts that a busy machine ends in time, too. */
for (const first of [101, 111, 121, 131]) {
  test(`nothing that must not be happens in the worlds ${first} to ${first + 9}`, async () => {
    const rows = await run(
      Array.from({ length: 10 }, (_, index) => first + index),
      3000,
    )

    assert.deepEqual(
      rows.flatMap(({ seed, violations }) => violations.map((why) => `seed ${seed}: ${why}`)),
      [],
    )
    assert.equal(rows.length, 10)
    const sum = (of: (row: SeedRow) => number): number =>
      rows.reduce((all, row) => all + of(row), 0)
    assert.ok(sum(({ steps }) => steps) >= 30_000, `${sum(({ steps }) => steps)} steps`)
    assert.ok(sum(({ seen }) => seen.answersChecked) > 500, 'hardly any answer was checked')
    assert.ok(sum(({ seen }) => seen.serverLives) > 20, 'hardly any server died')
  })
}

test('what customers are told does not depend on who else is there', async () => {
  for (const seed of [10, 18]) {
    const { compared, differences } = await compareWithout({ seed, simulatedMs: 20_000 })

    assert.ok(compared > 20, `seed ${seed}: only ${compared} answers`)
    assert.deepEqual(differences, [], `seed ${seed}`)
  }
})

test('what customers are told does not depend on who else is there when the server dies and starts again', async () => {
  for (const seed of [1, 10]) {
    const run = { seed, simulatedMs: 12_000, fateEveryMs: 2000 }
    const { compared, differences, fates } = await compareWithout(run)

    const deaths = (fates['death'] ?? 0) + (fates['death with spoiled sums'] ?? 0)
    assert.ok(compared > 20 && deaths > 0, `seed ${seed}: ${compared}, ${JSON.stringify(fates)}`)
    assert.deepEqual(differences, [], `seed ${seed}`)
  }
})

test('what customers are told does not depend on another one who is in quarantine', async () => {
  for (const seed of [10, 18]) {
    const run = { seed, simulatedMs: 20_000, brokenEveryMs: 3000 }
    const { compared, differences, quarantines } = await compareWithout(run)

    assert.ok(compared > 20 && quarantines > 1, `seed ${seed}: ${compared}, ${quarantines}`)
    assert.deepEqual(differences, [], `seed ${seed}`)
  }
})
