import { writeSync } from 'node:fs'
import { decide } from '../../src/core/authorize.ts'
import type { Entry } from '../../src/core/entry.ts'
import { customerId, memberId, type CustomerId } from '../../src/core/ids.ts'
import type { MemberScope, Storage } from '../../src/storage/storage.ts'
import { balance, look, openHoldIds, requestOf } from '../contract/accounts.ts'

/** What a caller was told. It has to be true for ever, whatever happens to the process or to its disk. */
export type Promised =
  | {
      readonly kind: 'held' | 'settled' | 'voided'
      readonly scope: MemberScope
      readonly id: string
    }
  | {
      readonly kind: 'denied'
      readonly scope: MemberScope
      readonly id: string
      /** What the refusal rests on: the last entry that it can have read, and its moment. */
      readonly position: number
      readonly nowMs: number
    }
  | { readonly kind: 'topped_up'; readonly customerId: CustomerId; readonly id: string }

/** What is wrong, one sentence each; all empty when every promise was kept. */
export type Findings = {
  readonly lost: readonly string[]
  readonly deniedFalsely: readonly string[]
  readonly broken: readonly string[]
}

/** One line that a process prints before it dies; a line that the death has cut is none. */
export const promiseLine = (promised: Promised): string => `${JSON.stringify(promised)}\n`

/** Written at once and whole: a line in a buffer would die with the process although it was promised. */
export function sayPromise(promised: Promised): void {
  let rest = Buffer.from(promiseLine(promised))
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest))
    } catch (error) {
      // The reader is slower than we are; a moment later the pipe has room.
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
}

export function readPromises(printed: string): readonly Promised[] {
  const whole = printed.slice(0, printed.lastIndexOf('\n') + 1)
  return whole
    .split('\n')
    .filter((line) => line.startsWith('{"kind"'))
    .map((line) => JSON.parse(line) as Promised)
}

/** Compares what callers were told with what the journal says, and the journal with itself. */
export async function checkPromises(
  storage: Storage,
  promises: readonly Promised[],
): Promise<Findings> {
  const entries = await allEntries(storage)
  const lost: string[] = []
  const broken = [...(await checkBooks(storage, entries))]
  const deniedFalsely: string[] = []
  const histories = holdHistories(entries, broken)
  const grantCounts = countGrants(entries)
  for (const promised of promises) {
    const { kind, id } = promised
    const history = histories.get(id) ?? []
    if (kind === 'topped_up') {
      const count = grantCounts.get(id) ?? 0
      if (count === 0) lost.push(`the top-up ${id} is lost`)
      if (count > 1) broken.push(`the top-up ${id} counts ${count} times`)
    } else if (kind === 'denied') {
      if (history.length > 0) broken.push(`the refused ${id} has entries: ${history.join(', ')}`)
      if (!(await isDeniedAgain(storage, promised)))
        deniedFalsely.push(`${id} was refused for nothing`)
    } else if (history[0] !== 'held') {
      lost.push(`the hold ${id} is lost`)
    } else if (kind !== 'held' && history.at(-1) !== kind) {
      lost.push(`${id} was ${kind}, and is ${history.join(', ')}`)
    }
  }
  return { lost, deniedFalsely, broken }
}

export const isKept = ({ lost, deniedFalsely, broken }: Findings): boolean =>
  lost.length + deniedFalsely.length + broken.length === 0

async function allEntries(storage: Storage): Promise<readonly Entry[]> {
  const entries: Entry[] = []
  for (let afterPosition = 0; ;) {
    const page = await storage.entries({ afterPosition })
    if (page.length === 0) return entries
    for (const entry of page) entries.push(entry)
    afterPosition = page.at(-1)?.position ?? Infinity
  }
}

/** The kinds of each hold's entries, in order; a hold that ended twice is a broken promise. */
function holdHistories(
  entries: readonly Entry[],
  broken: string[],
): ReadonlyMap<string, readonly string[]> {
  const histories = new Map<string, string[]>()
  for (const { body } of entries) {
    if (!('holdId' in body) || body.holdId === undefined) continue
    const history = histories.get(body.holdId) ?? []
    history.push(body.kind)
    histories.set(body.holdId, history)
  }
  for (const [id, history] of histories) {
    const ends = history.filter((kind) => kind !== 'held' && kind !== 'hold_grown').join(', ')
    if (!allowedEnds.has(ends)) broken.push(`the hold ${id} ended so: ${ends}`)
    if (history.filter((kind) => kind === 'held').length !== 1) broken.push(`${id} begins wrongly`)
  }
  return histories
}

/** Only an expiry can be corrected, once. */
const allowedEnds = new Set(['', 'settled', 'voided', 'expired', 'expired, settled'])

function countGrants(entries: readonly Entry[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { body } of entries) {
    if (body.kind === 'granted') {
      const { grantId } = body.grant
      counts.set(grantId, (counts.get(grantId) ?? 0) + 1)
    }
  }
  return counts
}

/** Decides once more on exactly what the refusal had read: a hold that never existed is not there any more. */
async function isDeniedAgain(
  storage: Storage,
  { scope, id, position, nowMs }: Promised & { kind: 'denied' },
): Promise<boolean> {
  if (position > storage.durablePosition) return false
  const account = await storage.accountAt(scope, position)
  const context = { nowMs, position, nextPosition: position + 1 }
  const request = requestOf({ hold: id, bootId: storage.bootId, customerRunningCount: 0 })
  return decide(account, request, context).decision.kind === 'deny'
}

/** The journal is whole, what is derived fits it, and every nano of each wallet is accounted for. */
async function checkBooks(storage: Storage, entries: readonly Entry[]): Promise<readonly string[]> {
  const broken: string[] = []
  const { faults, drifts } = await storage.verify({ isHealing: false, actor: 'test' })
  broken.push(...faults, ...drifts.map((drift) => `drift: ${JSON.stringify(drift)}`))
  for (const scope of seatsIn(entries)) {
    const seen = await look(storage, scope, (account) => ({
      nanos: balance(account),
      held: [...account.customer.grants.values()].reduce((sum, grant) => sum + grant.heldNanos, 0n),
      open: openHoldIds(account),
    }))
    let expected = 0n
    for (const { body, customerId: customer } of entries) {
      if (customer !== scope.customerId) continue
      if (body.kind === 'granted') expected += body.grant.amountNanos
      if (body.kind === 'settled') expected -= body.chargedNanos
    }
    if (seen.nanos + seen.held !== expected) {
      broken.push(`${scope.customerId} has ${seen.nanos} and ${seen.held} held, not ${expected}`)
    }
  }
  return broken
}

function seatsIn(entries: readonly Entry[]): readonly MemberScope[] {
  const seats = new Map<string, MemberScope>()
  for (const { body, customerId: customer, memberId: member } of entries) {
    if (body.kind !== 'member_seated' || member === null) continue
    seats.set(member, { customerId: customerId(customer), memberId: memberId(member) })
  }
  return [...seats.values()]
}

/** Holds that nobody was promised an end of, and that are still open. */
export async function openHolds(storage: Storage): Promise<readonly string[]> {
  const open: string[] = []
  for (const scope of seatsIn(await allEntries(storage))) {
    open.push(...(await look(storage, scope, openHoldIds)))
  }
  return open
}
