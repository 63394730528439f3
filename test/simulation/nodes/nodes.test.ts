import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Mix } from '../mix.ts'
import { runSeed } from '../run-seed.ts'
import { runSeeds, type SeedRow } from '../run-seeds.ts'
import type { NodeBug } from './database-types.ts'

async function run(seeds: readonly number[], steps: number): Promise<readonly SeedRow[]> {
  const rows: SeedRow[] = []
  const wanted = { seeds, count: null, steps, nodes: 3, untilMs: Infinity, jobs: 2 }
  await runSeeds(wanted, (row) => rows.push(row))
  return rows.toSorted((left, right) => left.seed - right.seed)
}

test('a seed of several nodes does the same again, to the byte, in another process', async () => {
  const [first, second] = await run([9, 9], 1500)

  assert.equal(first?.digest.length, 32)
  assert.deepEqual([first?.digest, first?.steps], [second?.digest, second?.steps])
  assert.ok((first?.seen.serverLives ?? 0) > 3, 'no node died in this world')
})

test('nothing that must not be happens in worlds of several nodes', async () => {
  const rows = await run([2, 5, 8], 1500)

  assert.deepEqual(
    rows.flatMap(({ seed, violations }) => violations.map((why) => `seed ${seed}: ${why}`)),
    [],
  )
  for (const { seed, seen } of rows) assert.ok(seen.answersChecked > 0, `seed ${seed}`)
  const conflicts = rows.reduce((sum, { seen }) => sum + (seen.commits['conflict'] ?? 0), 0)
  assert.ok(conflicts > 0, 'no two nodes met at one customer')
})

const mistakes: readonly {
  readonly bug: NodeBug
  readonly mix: Partial<Mix>
  readonly seen: RegExp
}[] = [
  { bug: 'commits check no version', mix: {}, seen: /the journal is wrong|headers are not/ },
  { bug: 'refusals rest on old sums', mix: {}, seen: /a refusal rests on old sums/ },
  { bug: 'leases are not looked at', mix: {}, seen: /expired after/ },
  {
    bug: 'an unknown commit is taken for a failed one',
    mix: { nodeFaults: ['unknown commits'], faultEveryMs: 1500, holdMaxMs: 3_600_000 },
    seen: /holds stay open/,
  },
  {
    bug: 'expiries are written unseen',
    // Long answers and a slow way to the database: several nodes find the same holds left.
    mix: {
      nodeFaults: ['kill a node', 'kill two nodes'],
      faultEveryMs: 3000,
      databaseMs: 60,
      upstreamEventMs: 400,
      thinkMs: 200,
    },
    seen: /the journal is wrong/,
  },
]

for (const { bug, mix, seen } of mistakes) {
  test(`a storage in which ${bug} is found out`, async () => {
    let found: string | undefined
    for (let seed = 1; seed <= 12 && found === undefined; seed += 1) {
      const { violations } = await runSeed({ seed, steps: 2500, nodes: 3, bugs: [bug], mix })
      found = violations[0]
    }
    assert.match(found ?? 'nothing was found', seen)
  })
}
