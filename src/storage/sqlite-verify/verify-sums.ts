import type { CustomerState, Grant, MemberState } from '../../core/account.ts'
import type { Entry } from '../../core/entry.ts'
import { grantId } from '../../core/ids.ts'

/** A damaged journal can be wrong everywhere; so many sentences are enough to see it. */
const faultsMax = 100

/** What is wrong with the journal itself, as sentences for a person. */
export class Faults {
  readonly #sentences: string[] = []
  #count = 0

  add(position: number, sentence: string): void {
    this.#count += 1
    if (this.#sentences.length < faultsMax) this.#sentences.push(`Entry ${position} ${sentence}.`)
  }

  list(): readonly string[] {
    const more = this.#count - this.#sentences.length
    return more === 0 ? this.#sentences : [...this.#sentences, `And ${more} more.`]
  }
}

/** A hold is placed once and ends once; a settle after its expiry corrects that and is marked late. */
export function holdFault(before: MemberState, { body }: Entry): string | undefined {
  switch (body.kind) {
    case 'held':
      return before.holds.has(body.holdId) ? `places hold ${body.holdId} again` : undefined
    case 'settled':
      if (body.isLate) {
        return before.lost.has(body.holdId)
          ? undefined
          : `corrects hold ${body.holdId}, not expired`
      }
      return before.holds.has(body.holdId) ? undefined : `ends hold ${body.holdId}, not open`
    case 'voided':
    case 'expired':
    case 'hold_grown':
      return before.holds.has(body.holdId) ? undefined : `is about hold ${body.holdId}, not open`
    default:
      return undefined
  }
}

/** The sums of the member that this entry moved, after it. */
export function checkMember(after: MemberState, entry: Entry, faults: Faults): void {
  if (after.heldNanos < 0n) faults.add(entry.position, 'leaves a negative amount held')
  if (!entry.legs.some((leg) => leg.from.startsWith('window:'))) return
  for (const { limitId, used, held } of [...after.windows.values(), ...after.keptWindows]) {
    if (used < 0n || held < 0n) faults.add(entry.position, `leaves limit ${limitId} negative`)
  }
}

/** Grants that this entry moved: no part below zero, and the parts add up to what was granted. */
export function checkCustomer(after: CustomerState, entry: Entry, faults: Faults): void {
  if (after.heldNanos < 0n || after.overrunReservedNanos < 0n) {
    faults.add(entry.position, 'leaves a negative amount held')
  }
  const touched = new Set<string>()
  for (const { from, to } of entry.legs) {
    if (from.startsWith('grant:')) touched.add(from.slice(6, from.lastIndexOf(':')))
    if (to.startsWith('grant:')) touched.add(to.slice(6, to.lastIndexOf(':')))
  }
  for (const id of touched) {
    const grant = after.grants.get(grantId(id))
    if (grant !== undefined && !isWhole(grant)) {
      faults.add(entry.position, `leaves grant ${id} not adding up`)
    }
  }
}

function isWhole(grant: Grant): boolean {
  const parts = [
    grant.availableNanos,
    grant.heldNanos,
    grant.spentNanos,
    grant.expiredNanos,
    grant.refundedNanos,
  ]
  return (
    parts.every((part) => part >= 0n) && parts.reduce((a, b) => a + b, 0n) === grant.grantedNanos
  )
}
