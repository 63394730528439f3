import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SqlFaults, type FaultKind, type SqlFault } from '../faults/sql-faults.ts'
import { answering } from './scripted-upstream.ts'
import { errorOf, openScriptedWorld } from './scripted-world.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import { passTime } from './pass-time.ts'

const hi = answering('hi', { input_tokens: 10, output_tokens: 5 })

/** A world whose disk can fail, and one request that went well before it does. */
async function openDiskWorld(answer = hi) {
  const faults = new SqlFaults()
  const clock = new ManualClock()
  const world = await openScriptedWorld(answer, { driver: faults.driver(), clock })
  return { faults, clock, world }
}

const kinds: readonly FaultKind[] = ['io', 'full', 'busy', 'corrupt']
const wheres: readonly Omit<SqlFault, 'kind'>[] = [
  { place: 'read key', when: 'before' },
  { place: 'begin', when: 'before' },
  { place: 'insert entry', when: 'before', endsTransaction: true },
  { place: 'commit', when: 'before' },
  { place: 'commit', when: 'after' },
]

for (const kind of kinds) {
  test(`D12: while the disk says "${kind}" each request is answered 503 and none "out"; then all is as before`, async () => {
    const { faults, clock, world } = await openDiskWorld()
    await using _ = world

    for (const where of wheres) {
      const fault = faults.arm({ kind, ...where })
      const refused = await Promise.all([world.post(), world.post()])
      fault.end()

      assert.ok(fault.struck() > 0, where.place)
      for (const reply of refused) {
        assert.equal(reply.status, 503, `${where.place}: ${reply.body.toString()}`)
        assert.equal(errorOf(reply).error.details.error_code, 'limits_unavailable')
        const retryAfter = reply.headers.find(([name]) => name.toLowerCase() === 'retry-after')
        assert.match(String(retryAfter?.[1]), /^\d+$/)
      }
      clock.pass(15_000)
      const served = await world.post()
      assert.equal(served.status, 200, `after ${where.place}: ${served.body.toString()}`)
    }
    await world.finished(wheres.length * 3)

    assert.equal(world.upstream.calls.length, wheres.length, 'a refused request went upstream')
    assert.equal((await world.figures()).runningCount, 0)
    const settled = (await world.entries()).filter(({ body }) => body.kind === 'settled')
    assert.equal(settled.length, wheres.length)
    const report = await world.parts.storage.verify({ isHealing: false, actor: 'test' })
    assert.deepEqual([report.faults, report.drifts, report.openHoldCount], [[], [], 0])
  })
}

for (const where of [
  { place: 'commit', when: 'before' },
  { place: 'commit', when: 'after' },
  { place: 'read snapshot', when: 'before' },
] as const satisfies readonly Omit<SqlFault, 'kind'>[]) {
  test(`L1, D12: a reply whose settle meets a failing disk (${where.when} "${where.place}") is charged once when it is back`, async () => {
    let strike = (): void => undefined
    const { faults, clock, world } = await openDiskWorld((call) => {
      strike()
      return hi(call)
    })
    await using _ = world
    strike = () => {
      strike = () => undefined
      // The sums are forgotten with the failed commit, so that the next attempt has to read them.
      faults.arm({ kind: 'io', place: 'commit', when: 'before', times: 1 })
      faults.arm({ kind: 'io', ...where, times: 3 })
    }

    const reply = await world.post()
    assert.equal(reply.status, 200)
    using passing = passTime(clock)
    await world.finished(1)
    passing.end()

    const kindsSeen = (await world.entries()).map(({ body }) => body.kind)
    assert.deepEqual(
      kindsSeen.filter((seen) => seen === 'held' || seen === 'settled' || seen === 'voided'),
      ['held', 'settled'],
    )
    const report = await world.parts.storage.verify({ isHealing: false, actor: 'test' })
    assert.deepEqual([report.faults, report.drifts, report.openHoldCount], [[], [], 0])
  })
}
