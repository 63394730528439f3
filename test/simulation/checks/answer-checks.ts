import { decide } from '../../../src/core/authorize.ts'
import { holdId } from '../../../src/core/ids.ts'
import { readAllowedDecisionId, type DeniedDecision } from '../../../src/operations/decision-id.ts'
import { explain } from '../../../src/operations/explain.ts'
import type { GateParts } from '../../../src/operations/parts.ts'
import type { UsageAnswer } from '../../../src/admin/contract/answers.ts'
import type { Chance } from '../engine/chance.ts'
import type { Reply } from '../people/client.ts'
import { faultOfHead, faultOfHeaders, faultOfRefusal, type RefusalDetails } from './answer-rules.ts'
import type { Books } from './books.ts'
import { faultOfNative } from './native-headers.ts'
import { ShownResets } from './shown-resets.ts'

export type Answered = Extract<Reply, { kind: 'answer' }>

type Seat = { readonly customerId: string; readonly memberId: string }
type Kept = {
  readonly seat: Seat
  readonly answer: Answered
  readonly decisionId: string
  readonly knownPosition: number
}

/** Of the refusals that nobody doubts, so many of a hundred are explained all the same. */
const explainedPercent = 10

/** What members were told, held against the journal as soon as a server is there to read it. */
export class AnswerChecks {
  readonly #books: Books
  readonly #chance: Chance
  readonly #onFault: (what: string, why: string) => void
  readonly #kept: Kept[] = []
  readonly #usages: { readonly seat: Seat; readonly figures: UsageAnswer['figures'] }[] = []
  readonly resets = new ShownResets()
  checked = 0
  /** Holds of requests of whose answer somebody has read something. */
  readonly delivered = new Set<string>()

  constructor(books: Books, chance: Chance, onFault: (what: string, why: string) => void) {
    this.#books = books
    this.#chance = chance
    this.#onFault = onFault
  }

  get waiting(): number {
    return this.#kept.length + this.#usages.length
  }

  /** `knownPosition` is the last entry about this member that was durable when the request was sent. */
  take(seat: Seat, reply: Reply, knownPosition: number): void {
    if (reply.kind !== 'answer') return
    const decisionId = reply.headers.get('x-plimsoll-decision')
    if (decisionId !== undefined)
      this.#kept.push({ seat, answer: reply, decisionId, knownPosition })
  }

  /** What the page of a member shows is what the journal says, too. */
  takeUsage(seat: Seat, body: string): void {
    const { figures } = JSON.parse(body) as UsageAnswer
    this.#usages.push({ seat, figures })
  }

  async look(parts: GateParts): Promise<void> {
    for (const { seat, figures } of this.#usages.splice(0)) this.#lookAtUsage(seat, figures)
    for (const kept of this.#kept.splice(0)) {
      this.checked += 1
      const allowed = readAllowedDecisionId(kept.decisionId)
      if (allowed !== undefined) this.#lookAtAllow(kept, allowed)
      else await this.#lookAtRefusal(parts, kept)
    }
  }

  #lookAtUsage({ customerId, memberId }: Seat, figures: UsageAnswer['figures']): void {
    const { position, atMs, limits, extraUsage } = figures
    this.checked += 1
    const ledger = this.#books.at(customerId, position)
    const plan = this.#planOf({ customerId, memberId }, position)
    if (ledger === undefined || plan === undefined) return
    for (const limit of plan.limits) {
      const now = ledger.limitNow(memberId, limit, atMs)
      const shown = limits.find(({ limitId }) => limitId === limit.id)
      const [told, right] = [`${shown?.used}+${shown?.held}`, `${now.used}+${now.held}`]
      if (told !== right) this.#onFault('the page shows wrong figures', `${told}, not ${right}`)
      if (now.span !== null && shown?.resetMs !== now.span.endMs)
        this.#onFault('the page shows a wrong reset', `${shown?.resetMs}, not ${now.span.endMs}`)
    }
    const told = `${extraUsage.balanceNanos} ${extraUsage.heldNanos}`
    const right = `${ledger.available(atMs) + ledger.held(null)} ${ledger.held(null)}`
    if (told !== right) this.#onFault('the page shows a wrong balance', `${told}, not ${right}`)
  }

  #lookAtAllow(kept: Kept, { holdId: id }: { readonly holdId: string }): void {
    if (!this.#books.hasHold(id)) {
      this.#onFault('an acknowledged request is gone', `${id} of ${kept.seat.memberId}`)
      return
    }
    if (kept.answer.body.includes('content_block_delta')) this.delivered.add(id)
    const position = Number(kept.answer.headers.get('x-plimsoll-position'))
    const entry = this.#books.entryAt(kept.seat.customerId, position)
    if (entry === undefined) {
      this.#onFault('an answer names a position that is not its own', `${position}, ${id}`)
      return
    }
    this.#lookAtHeaders(kept, { position, atMs: entry.atMs })
  }

  async #lookAtRefusal(parts: GateParts, kept: Kept): Promise<void> {
    const { seat, answer, decisionId } = kept
    const decision = parts.signer.read(decisionId)
    if (decision === undefined || !answer.isWhole) return
    const { position, atMs } = decision
    const { error } = JSON.parse(answer.body) as { error: { details: RefusalDetails } }
    if (position < kept.knownPosition) {
      const why = `at ${position}, and asked when ${kept.knownPosition} was durable`
      this.#onFault('a refusal rests on old sums', why)
    }
    const ill = faultOfHead(answer, error.details, atMs)
    if (ill !== null) this.#onFault('a refusal says it wrongly', ill)
    const ledger = this.#books.at(seat.customerId, position)
    const plan = this.#planOf(seat, position)
    if (ledger !== undefined && plan !== undefined) {
      const fault = faultOfRefusal(ledger, { decision, plan, details: error.details })
      if (fault !== null) this.#onFault('a request was refused for nothing', fault)
      this.#lookAtHeaders(kept, { position, atMs })
    }
    if (!this.#chance.percent(explainedPercent)) return
    const explanation = await explain(parts, decisionId)
    if (!explanation.isConfirmed) {
      const why = `${decisionId}: ${decision.reason}, again ${JSON.stringify(explanation.decision.kind)}`
      this.#onFault('a refusal explained again is another one', why)
    }
    await this.#lookAtRetry(parts, decision, error.details.retry_at_ms ?? null)
  }

  #lookAtHeaders({ seat, answer }: Kept, at: { position: number; atMs: number }): void {
    const { customerId, memberId: member } = seat
    const ledger = this.#books.at(customerId, at.position)
    const plan = this.#planOf(seat, at.position)
    if (ledger === undefined || plan === undefined) return
    const { headers } = answer
    if (!headers.has('x-plimsoll-extra-usage-balance')) return
    const fault = faultOfHeaders(ledger, { headers, plan, member, atMs: at.atMs })
    if (fault !== null) this.#onFault('headers are not what the journal says', fault)
    const { status } = answer
    const strange = faultOfNative(ledger, { status, headers, plan, member, atMs: at.atMs })
    if (strange !== null) this.#onFault('native headers are not what the journal says', strange)
    const moved = this.resets.look(member, headers, at)
    if (moved !== null) this.#onFault('a reset that was shown moved later', moved)
  }

  /** The promised moment admits the same request, and the moment before it does not. */
  async #lookAtRetry(
    { storage }: GateParts,
    decision: DeniedDecision,
    retryAtMs: number | null,
  ): Promise<void> {
    if (retryAtMs === null || decision.reason !== 'limit_reached') return
    const { customerId, memberId, position, facts, holdMaxMs } = decision
    const account = await storage.accountAt({ customerId, memberId }, position)
    // What runs has ended by then, within what it keeps.
    if (account.member.holds.size > 0 || account.customer.heldNanos > 0n) return
    const asked = {
      holdId: holdId('asked-again'),
      bootId: storage.bootId,
      keyId: null,
      facts,
      holdMaxMs,
      customerRunningCount: 0,
    }
    const kindAt = (nowMs: number): string =>
      decide(account, asked, { nowMs, position }).decision.kind
    if (kindAt(retryAtMs) !== 'allow' && !this.#hasCreditDue(account.member.planId)) {
      this.#onFault('a promised moment does not admit', `${memberId} at ${retryAtMs}`)
    }
    if (kindAt(retryAtMs - 1) === 'allow') {
      this.#onFault('a promised moment is too late', `${memberId} at ${retryAtMs}`)
    }
  }

  /** Included credit is posted before a decision, and is not in the account of the past. */
  #hasCreditDue(planId: string): boolean {
    return (this.#books.planAt(planId, Infinity)?.grants.length ?? 0) > 0
  }

  #planOf({ customerId, memberId }: Seat, position: number): ReturnType<Books['planAt']> {
    const planId = this.#books.at(customerId, position)?.members.get(memberId)?.planId
    return planId === undefined ? undefined : this.#books.planAt(planId, position)
  }
}
