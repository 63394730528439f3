/**
 * The last refusals. They write nothing into the journal (DESIGN R5), so this list is telemetry: in memory, of
 * this process, and bounded. One member's flood pushes out its own older lines before anybody else's.
 */
export type RecentRefusal = {
  readonly atMs: number
  readonly customerId: string
  readonly memberId: string
  readonly keyId: string
  readonly model: string | null
  /** A reason of a decision, or `too_fast`. */
  readonly reason: string
  readonly extraUsageReason: string | null
  /** Null where no decision was made. */
  readonly decisionId: string | null
  readonly requestId: string | null
}

export const refusalsKept = 1000
export const refusalsKeptPerMember = 200

export class RecentRefusals {
  /** In the order in which they came. */
  readonly #all = new Map<number, RecentRefusal>()
  readonly #byMember = new Map<string, number[]>()
  #count = 0

  add(refusal: RecentRefusal): void {
    const owner = ownerOf(refusal)
    const own = this.#byMember.get(owner) ?? []
    if (own.length === 0) this.#byMember.set(owner, own)
    if (own.length >= refusalsKeptPerMember) this.#all.delete(own.shift() ?? -1)
    const number = (this.#count += 1)
    own.push(number)
    this.#all.set(number, refusal)
    if (this.#all.size > refusalsKept) this.#dropOldest()
  }

  newestFirst(): readonly RecentRefusal[] {
    return [...this.#all.values()].toReversed()
  }

  #dropOldest(): void {
    for (const [number, refusal] of this.#all) {
      const owner = ownerOf(refusal)
      const own = this.#byMember.get(owner)
      // The oldest of all is the oldest of its member.
      own?.shift()
      if (own?.length === 0) this.#byMember.delete(owner)
      this.#all.delete(number)
      return
    }
  }
}

const ownerOf = ({ customerId, memberId }: RecentRefusal): string => `${customerId}:${memberId}`
