import { holdId, memberId, customerId } from '../../src/core/ids.ts'
import { openSqliteStorage } from '../../src/storage/sqlite/sqlite-storage.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { systemRandom } from '../../src/system/random.ts'
import { createSystemClock } from '../../src/system/system-clock.ts'
import type { Told } from './stream-load.ts'

/** The books of a stopped server against what its callers were told. Empty lists mean that nothing is missing. */
export type BookReport = {
  /** What was told and is not in the books, or not as it was told. */
  readonly missing: readonly string[]
  /** Faults, drifts, open holds, charges that do not add up. */
  readonly unsound: readonly string[]
  readonly settledCount: number
  readonly estimatedCount: number
  /** Holds that nobody settled: after a clean stop there are none. */
  readonly expiredCount: number
}

export async function compareBooks(
  folder: string,
  told: readonly Told[],
  wasEnded: 'in_order' | 'at_once' = 'in_order',
): Promise<BookReport> {
  const storage = await openSqliteStorage({
    dataFolder: folder,
    clock: createSystemClock(),
    random: systemRandom,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    version: 'test',
  })
  try {
    const missing: string[] = []
    for (const each of told) {
      const problem = await problemOf(storage, each, wasEnded)
      if (problem !== null) missing.push(`${each.holdId} (${each.how}): ${problem}`)
    }
    return { missing, ...(await lookThrough(storage)) }
  } finally {
    await storage.close()
  }
}

async function problemOf(
  storage: Storage,
  told: Told,
  wasEnded: 'in_order' | 'at_once',
): Promise<string | null> {
  const entries = await storage.holdEntries(holdId(told.holdId))
  if (entries[0]?.body.kind !== 'held') return 'its hold is lost'
  const ends = entries.filter(({ body }) => ['settled', 'voided', 'expired'].includes(body.kind))
  const [end] = ends
  if (ends.length !== 1 || end === undefined) return `it ended ${ends.length} times`
  const { body } = end
  // Ended at once, a reply may have left before its settle was durable: its caller pays nothing then.
  if (body.kind === 'expired' && wasEnded === 'at_once') return null
  if (body.kind !== 'settled') return `it ended as ${body.kind}`
  if (told.how === 'finished' && body.isEstimate) return 'it was whole and is an estimate'
  return body.costNanos > 0n ? null : 'what was delivered costs nothing'
}

type Look = Omit<BookReport, 'missing'>

async function lookThrough(storage: Storage): Promise<Look> {
  const unsound: string[] = []
  const report = await storage.verify({ isHealing: false, actor: 'test' })
  unsound.push(...report.faults, ...report.drifts.map(({ where }) => `drift at ${where}`))
  if (report.openHoldCount > 0) unsound.push(`${report.openHoldCount} holds are open`)
  let [settledCount, estimatedCount, expiredCount, costNanos] = [0, 0, 0, 0n]
  const demo = { customerId: customerId('demo'), memberId: memberId('demo') }
  for (let afterPosition = 0; ;) {
    const page = await storage.entries({ ...demo, afterPosition })
    for (const { body } of page) {
      if (body.kind === 'expired') expiredCount += 1
      if (body.kind !== 'settled') continue
      settledCount += 1
      if (body.isEstimate) estimatedCount += 1
      costNanos += body.costNanos
    }
    if (page.length === 0) break
    afterPosition = page.at(-1)?.position ?? Infinity
  }
  const usedNanos = await storage.update(demo, ({ member }) => ({
    answer: [...member.windows.values()].find(({ unit }) => unit === 'money')?.used ?? 0n,
    entries: [],
  }))
  if (usedNanos !== costNanos) unsound.push(`used ${usedNanos}, and settled ${costNanos}`)
  return { unsound, settledCount, estimatedCount, expiredCount }
}
