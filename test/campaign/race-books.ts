import type { Entry } from '../../src/core/entry.ts'
import type { CustomerId, HoldId } from '../../src/core/ids.ts'
import { getFigures } from '../../src/operations/figures.ts'
import type { MemberScope, Storage } from '../../src/storage/storage.ts'
import { raceCustomerRunningMax, raceRunningMax, scopes, type RaceWorld } from './race-world.ts'

type Paid = { readonly costNanos: bigint; readonly chargedNanos: bigint }

/** What was acknowledged to callers, to be found again. */
export type Acknowledged = {
  readonly holds: Map<HoldId, MemberScope>
  readonly settled: Map<HoldId, Paid>
  readonly topUps: { readonly customerId: CustomerId; readonly amountNanos: bigint }[]
}

export type Findings = { readonly lost: string[]; readonly broken: string[] }

/** A customer's journal, added up line by line. */
type Book = {
  granted: bigint
  charged: bigint
  held: bigint
  overrun: bigint
  /** By member and window start. */
  readonly used: Map<string, bigint>
  readonly spent: Map<string, bigint>
  readonly running: Map<string, number>
  /** Members of open and ended holds. */
  readonly owners: Map<HoldId, string>
  readonly ends: Map<HoldId, string>
  readonly settled: Map<HoldId, Paid>
}

/**
 * Adds up a customer's journal in the plainest way there is, and compares the result with what was acknowledged
 * and with what its members are shown. Nothing here uses the sums that decisions read.
 */
export async function checkBooks(
  world: RaceWorld,
  customerId: CustomerId,
  acknowledged: Acknowledged,
): Promise<Findings> {
  const findings: Findings = { lost: [], broken: [] }
  const book = addUp(await allEntries(world.storage, customerId), findings)
  checkAcknowledged(book, customerId, { acknowledged, findings })
  for (const scope of scopes) {
    if (scope.customerId === customerId) await checkShown(world, scope, { book, findings })
  }
  return findings
}

async function allEntries(storage: Storage, customerId: CustomerId): Promise<readonly Entry[]> {
  const all: Entry[] = []
  for (;;) {
    const afterPosition = all.at(-1)?.position ?? 0
    const more = await storage.entries({ customerId, afterPosition })
    all.push(...more)
    if (more.length < 1000) return all
  }
}

function addUp(entries: readonly Entry[], findings: Findings): Book {
  const book: Book = {
    granted: 0n,
    charged: 0n,
    held: 0n,
    overrun: 0n,
    used: new Map(),
    spent: new Map(),
    running: new Map(),
    owners: new Map(),
    ends: new Map(),
    settled: new Map(),
  }
  for (const entry of entries) {
    for (const { from, to, amount } of entry.legs) {
      moveLeg(book, entry, { account: from, amount: -amount })
      moveLeg(book, entry, { account: to, amount })
    }
    followHold(book, entry, findings)
  }
  return book
}

function moveLeg(
  book: Book,
  { memberId }: Entry,
  { account, amount }: { readonly account: string; readonly amount: bigint },
): void {
  const [kind, name, part, last] = account.split(':')
  if (kind === 'payments') book.granted -= amount
  if (kind === 'operator_overrun') book.overrun -= amount
  if (kind === 'grant' && part === 'held') book.held += amount
  if (kind === 'grant' && part === 'spent') {
    book.charged += amount
    add(book.spent, String(memberId), amount)
  }
  if (kind === 'window' && last === 'used') add(book.used, `${memberId}:${name}:${part}`, amount)
}

function followHold(book: Book, { body, memberId, position }: Entry, findings: Findings): void {
  const member = String(memberId)
  if (body.kind === 'held') {
    book.owners.set(body.holdId, member)
    book.running.set(member, (book.running.get(member) ?? 0) + 1)
    const total = [...book.running.values()].reduce((sum, count) => sum + count, 0)
    if ((book.running.get(member) ?? 0) > raceRunningMax || total > raceCustomerRunningMax) {
      findings.broken.push(`entry ${position} is one running request too many`)
    }
  }
  if (body.kind !== 'settled' && body.kind !== 'voided' && body.kind !== 'expired') return
  const before = book.ends.get(body.holdId)
  const isCorrection = body.kind === 'settled' && body.isLate
  if (before !== (isCorrection ? 'expired' : undefined)) {
    findings.broken.push(`entry ${position} ends ${body.holdId} after it was ${before}`)
  }
  book.ends.set(body.holdId, body.kind)
  if (!isCorrection) book.running.set(member, (book.running.get(member) ?? 0) - 1)
  if (body.kind !== 'settled') return
  const { costNanos, chargedNanos, overrunNanos, lostNanos = 0n, source } = body
  book.settled.set(body.holdId, { costNanos, chargedNanos })
  if (source === 'extra_usage' && chargedNanos + overrunNanos + lostNanos !== costNanos) {
    findings.broken.push(`entry ${position} leaves a part of its cost without a payer`)
  }
}

function checkAcknowledged(
  book: Book,
  customerId: CustomerId,
  told: { readonly acknowledged: Acknowledged; readonly findings: Findings },
): void {
  const { acknowledged, findings } = told
  for (const [id, scope] of acknowledged.holds) {
    if (scope.customerId !== customerId) continue
    if (book.owners.get(id) !== scope.memberId) findings.lost.push(`hold ${id} is gone`)
    const paid = acknowledged.settled.get(id)
    const kept = book.settled.get(id)
    if (paid === undefined) continue
    if (kept?.costNanos !== paid.costNanos || kept.chargedNanos !== paid.chargedNanos) {
      findings.lost.push(`the settle of ${id} was answered otherwise than it is kept`)
    }
  }
  let paidIn = 0n
  for (const one of acknowledged.topUps) {
    if (one.customerId === customerId) paidIn += one.amountNanos
  }
  // One whose acknowledgement was lost with a failing commit may be there as well.
  if (book.granted < paidIn) findings.lost.push(`money of ${customerId} is gone`)
}

async function checkShown(
  { parts }: RaceWorld,
  scope: MemberScope,
  { book, findings }: { readonly book: Book; readonly findings: Findings },
): Promise<void> {
  const { extraUsage, limits, runningCount } = await getFigures(parts, scope)
  const { memberId } = scope
  const [session] = limits
  const shown = {
    running: BigInt(runningCount),
    balance: extraUsage.balanceNanos,
    held: extraUsage.heldNanos,
    spent: extraUsage.memberSpentNanos,
    used: session?.used ?? 0n,
  }
  const kept = {
    running: BigInt(book.running.get(memberId) ?? 0),
    balance: book.granted - book.charged,
    held: book.held,
    spent: book.spent.get(memberId) ?? 0n,
    used: book.used.get(`${memberId}:session:${session?.startMs}`) ?? 0n,
  }
  for (const name of ['running', 'balance', 'held', 'spent', 'used'] as const) {
    if (shown[name] !== kept[name]) {
      findings.lost.push(`${memberId} ${name}: shown ${shown[name]}, journal ${kept[name]}`)
    }
  }
  if (kept.balance < 0n) findings.broken.push(`${scope.customerId} was charged above its money`)
}

function add(sums: Map<string, bigint>, key: string, amount: bigint): void {
  sums.set(key, (sums.get(key) ?? 0n) + amount)
}
