import { planId, type HoldId } from '../../src/core/ids.ts'
import { CallerGoneError, type Admission } from '../../src/operations/authorize.ts'
import { explain } from '../../src/operations/explain.ts'
import { growHold } from '../../src/operations/grow-hold.ts'
import { publishPlans } from '../../src/operations/publish-plans.ts'
import { seatMember } from '../../src/operations/seat-member.ts'
import { setExtraUsage } from '../../src/operations/set-extra-usage.ts'
import { setSpendCap } from '../../src/operations/set-spend-cap.ts'
import { setStatus } from '../../src/operations/set-status.ts'
import { settle } from '../../src/operations/settle.ts'
import { topUp } from '../../src/operations/top-up.ts'
import { verify } from '../../src/operations/verify.ts'
import { voidHold } from '../../src/operations/void-hold.ts'
import { StorageUnavailableError, type MemberScope } from '../../src/storage/storage.ts'
import { turns } from '../contract/with-bed.ts'
import { checkBooks, type Acknowledged, type Findings } from './race-books.ts'
import {
  ask,
  command,
  customers,
  inputTokens,
  maxTokensMax,
  openRaceWorld,
  planNames,
  racePlan,
  scopes,
  seededDice,
  settlementOf,
  type RaceWorld,
} from './race-world.ts'

/** What one history came to. */
export type RaceOutcome = Findings & {
  readonly deniedFalsely: string[]
  readonly tally: Record<'asked' | 'allowed' | 'denied' | 'unavailable' | 'left' | 'ended', number>
}

const rounds = 6
const actsPerRound = 24

/**
 * Two customers of three members, and everything at once: each round starts two dozen random acts without waiting
 * for any, some of them while commits hang or fail, lets time pass, and then checks all books.
 */
export async function runRace(seed: number): Promise<RaceOutcome> {
  const world = await openRaceWorld()
  try {
    const race = new Race(world, seed)
    for (let round = 0; round < rounds; round += 1) await race.round()
    await race.finish()
    return race.outcome
  } finally {
    await world.end()
  }
}

type Running = { readonly id: HoldId; readonly scope: MemberScope; readonly maxTokens: number }

class Race {
  readonly outcome: RaceOutcome = {
    lost: [],
    broken: [],
    deniedFalsely: [],
    tally: { asked: 0, allowed: 0, denied: 0, unavailable: 0, left: 0, ended: 0 },
  }
  readonly #world: RaceWorld
  readonly #dice: (sides: number) => number
  readonly #acknowledged: Acknowledged = { holds: new Map(), settled: new Map(), topUps: [] }
  readonly #denials: string[] = []
  #running: Running[] = []
  readonly #ended: Running[] = []

  constructor(world: RaceWorld, seed: number) {
    this.#world = world
    this.#dice = seededDice(seed)
  }

  async round(): Promise<void> {
    const { bed } = this.#world
    const release = this.#dice(3) === 0 ? bed.holdCommits() : undefined
    if (this.#dice(5) === 0) bed.failNextCommit(this.#dice(2) === 0 ? 'before' : 'after')
    const acts: Promise<void>[] = []
    for (let count = 0; count < actsPerRound; count += 1) {
      acts.push(this.#guarded(this.#act()))
      if (this.#dice(4) === 0) await turns(1 + this.#dice(3))
      if (this.#dice(40) === 0) bed.clock.pass(this.#dice(300_000))
    }
    await turns(3)
    release?.()
    await this.#settleDown(acts)
    await this.#check()
  }

  /** All that runs ends; then everybody who is funded is let in. */
  async finish(): Promise<void> {
    const { parts } = this.#world
    for (const { scope, id } of this.#running) {
      await voidHold(parts, scope, { holdId: id, cause: 'race' })
    }
    for (const customerId of customers) {
      await setStatus(parts, { ...command(), customerId, memberId: null, isActive: true })
      await setExtraUsage(parts, { ...command(), customerId, memberId: null, isOn: true })
      const cap = { kind: 'unlimited' } as const
      await setSpendCap(parts, { ...command(), customerId, memberId: null, cap })
      await this.#topUp(customerId, 1_000_000n)
    }
    for (const scope of scopes) {
      await setStatus(parts, { ...command(), ...scope, isActive: true })
      await setExtraUsage(parts, { ...command(), ...scope, isOn: true })
      await setSpendCap(parts, { ...command(), ...scope, cap: { kind: 'unlimited' } })
      const { decision } = await ask(parts, scope, { maxTokens: maxTokensMax })
      if (decision.kind === 'allow') continue
      this.outcome.deniedFalsely.push(`${scope.memberId} at the end: ${decision.denial.reason}`)
    }
    const report = await verify(parts, { isHealing: false, actor: 'race' })
    for (const fault of report.faults) this.outcome.lost.push(fault)
    for (const drift of report.drifts) this.outcome.lost.push(`${drift.where} ${drift.field}`)
  }

  async #settleDown(acts: readonly Promise<void>[]): Promise<void> {
    let isDone = false
    const all = Promise.all(acts).then(() => (isDone = true))
    // Waiters give up after two seconds, and a store that failed comes back within ten.
    for (let step = 0; step < 60 && !isDone; step += 1) {
      await turns(10)
      if (!isDone) this.#world.bed.clock.pass(500)
    }
    if (!isDone) this.outcome.broken.push('an act never came to an end')
    else await all
    this.#world.bed.clock.pass(this.#dice(6) === 0 ? 11 * 60_000 : 1000)
    await turns(10)
  }

  async #check(): Promise<void> {
    for (const customerId of customers) {
      const { lost, broken } = await checkBooks(this.#world, customerId, this.#acknowledged)
      this.outcome.lost.push(...lost)
      this.outcome.broken.push(...broken)
    }
    for (const id of this.#denials.splice(0)) {
      const explained = await explain(this.#world.parts, id)
      if (!explained.isConfirmed) this.outcome.deniedFalsely.push(id)
    }
  }

  async #guarded(act: Promise<void>): Promise<void> {
    try {
      await act
    } catch (error) {
      if (error instanceof StorageUnavailableError) this.outcome.tally.unavailable += 1
      else if (error instanceof CallerGoneError) this.outcome.tally.left += 1
      else this.outcome.broken.push(String(error))
    }
  }

  #act(): Promise<void> {
    const face = this.#dice(100)
    if (face < 45) return this.#ask()
    if (face < 70) return this.#end()
    if (face < 77) return this.#grow()
    return this.#command(face)
  }

  async #ask(): Promise<void> {
    const scope = this.#one(scopes)
    const maxTokens = 1 + this.#dice(maxTokensMax)
    const leaving = new AbortController()
    const asked = ask(this.#world.parts, scope, { maxTokens, signal: leaving.signal })
    this.outcome.tally.asked += 1
    if (this.#dice(10) === 0) void turns(this.#dice(20)).then(() => leaving.abort())
    const { decision, decisionId }: Admission = await asked
    if (decision.kind === 'deny') {
      this.outcome.tally.denied += 1
      this.#denials.push(decisionId)
      return
    }
    const id = decision.allowance.holdId
    this.outcome.tally.allowed += 1
    this.#acknowledged.holds.set(id, scope)
    this.#running.push({ id, scope, maxTokens })
  }

  /** Settles, or voids, sometimes twice at once, and sometimes one that ended before. */
  async #end(): Promise<void> {
    const again = this.#dice(8) === 0 ? this.#maybe(this.#ended) : undefined
    const chosen = again ?? this.#maybe(this.#running)
    if (chosen === undefined) return
    this.#running = this.#running.filter((one) => one !== chosen)
    this.#ended.push(chosen)
    const { parts } = this.#world
    if (this.#dice(6) === 0) {
      await voidHold(parts, chosen.scope, { holdId: chosen.id, cause: 'race' })
      return
    }
    const settlement = settlementOf(chosen.id, this.#dice(chosen.maxTokens + 1))
    const times = this.#dice(5) === 0 ? 2 : 1
    const answers = await Promise.all(
      Array.from({ length: times }, () => settle(parts, chosen.scope, settlement)),
    )
    for (const answer of answers) {
      if (answer.kind !== 'settled') continue
      const { costNanos, chargedNanos } = answer
      this.outcome.tally.ended += 1
      this.#acknowledged.settled.set(chosen.id, { costNanos, chargedNanos })
    }
  }

  async #grow(): Promise<void> {
    const chosen = this.#maybe(this.#running)
    if (chosen === undefined) return
    const usage = { input: inputTokens, output: this.#dice(chosen.maxTokens + 1) }
    await growHold(this.#world.parts, chosen.scope, { holdId: chosen.id, usage, marks: [] })
  }

  async #command(face: number): Promise<void> {
    const { parts } = this.#world
    const scope = this.#one(scopes)
    const memberId = this.#dice(2) === 0 ? null : scope.memberId
    const target = { ...command(), customerId: scope.customerId, memberId }
    if (face < 83) return this.#topUp(scope.customerId, BigInt(1 + this.#dice(8000)))
    if (face < 87) return setExtraUsage(parts, { ...target, isOn: this.#dice(3) > 0 })
    if (face < 91) {
      const amountNanos = BigInt(this.#dice(20_000))
      const cap =
        this.#dice(2) === 0
          ? ({ kind: 'unlimited' } as const)
          : ({ kind: 'capped', amountNanos } as const)
      return setSpendCap(parts, { ...target, cap })
    }
    if (face < 94) return setStatus(parts, { ...target, isActive: this.#dice(5) > 0 })
    if (face < 97) {
      const plan = planId(this.#one(planNames))
      await seatMember(parts, { ...command(), ...scope, planId: plan })
      return
    }
    const plan = racePlan(this.#one(['small', 'large']), BigInt(1000 + this.#dice(20_000)))
    await publishPlans(parts, [plan])
  }

  async #topUp(customerId: MemberScope['customerId'], amountNanos: bigint): Promise<void> {
    const terms = { origin: 'top_up', expiresAtMs: null } as const
    await topUp(this.#world.parts, { ...command(), customerId, amountNanos, ...terms })
    this.#acknowledged.topUps.push({ customerId, amountNanos })
  }

  #one<T>(list: readonly T[]): T {
    const chosen = this.#maybe(list)
    if (chosen === undefined) throw new Error('There is nothing to choose from')
    return chosen
  }

  #maybe<T>(list: readonly T[]): T | undefined {
    return list[this.#dice(Math.max(1, list.length))]
  }
}
