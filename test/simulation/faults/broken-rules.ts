import { customerId as customerIdOf, memberId as memberIdOf } from '../../../src/core/ids.ts'
import { isServed } from '../../../src/operations/is-served.ts'
import type { GateParts } from '../../../src/operations/parts.ts'
import type { Changed, NewEntry } from '../../../src/storage/storage.ts'
import type { Quarantine } from '../checks/quarantines.ts'
import type { Life } from '../engine/life.ts'
import type { Running } from '../engine/server.ts'
import type { SimCustomer } from '../people/cast.ts'
import type { World } from '../world.ts'

/** How long until somebody looks, on average: before a hold ends, and long after. */
const looksAfterMs = [3000, 30_000, 300_000] as const
/** At the end of a world nobody begins anything, and hours are cheap. */
const lastLooksAfterMs = [100, 300_000, 1_200_000] as const
const againMs = 1000

/**
 * Now and then a rule has a fault and drafts, behind an entry that is right, one that moves money which is not there.
 * Its customer is in quarantine until an operator has the journal verified, or the process ends.
 */
export class BrokenRules {
  readonly #world: World
  readonly #chance
  #isOver = false
  #striking: Promise<void> = Promise.resolve()
  #lifting: Promise<void> = Promise.resolve()
  #open: { readonly running: Running; readonly quarantine: Quarantine } | null = null
  /** So many customers came into quarantine. */
  count = 0

  constructor(world: World) {
    this.#world = world
    this.#chance = world.chance.fork('broken rules')
  }

  async live(): Promise<void> {
    const { timeline, mix } = this.#world
    if (!mix.hasBrokenRules) return
    while (!this.#isOver) {
      const waitMs = this.#chance.wait(mix.faultEveryMs)
      await timeline.sleep(waitMs, { kind: 'fault', name: 'a rule breaks' })
      if (this.#isOver) return
      await this.strike(this.#world.customers)
      if (this.#open === null) continue
      const lookMs = this.#chance.wait(this.#chance.pick<number>(looksAfterMs))
      await timeline.sleep(lookMs, { kind: 'administrator', name: 'has the journal verified' })
      await this.lift()
    }
  }

  /** From now on no rule breaks, and whoever is in quarantine comes out of it. */
  async end(): Promise<void> {
    this.#isOver = true
    if (this.#open !== null) await this.#pause(this.#chance.pick<number>(lastLooksAfterMs))
    await this.lift()
  }

  /** Breaks a rule for one of them. */
  strike(customers: readonly SimCustomer[]): Promise<void> {
    this.#striking = this.#strikeNow(customers)
    return this.#striking
  }

  async #strikeNow(customers: readonly SimCustomer[]): Promise<void> {
    const { running } = this.#world.server
    const customer = this.#whom(customers)
    if (running === null || customer === undefined) return
    const { life, app } = running
    const quarantine = this.#world.quarantines.begin(customer.customerId)
    const open = { running, quarantine }
    this.#open = open
    life.onDeath.add(() => this.#close(open))
    const outcome = await orDeath(life, this.#breakFor(app.parts, customer))
    if (outcome === 'written') this.#world.blame('an impossible change was written', '')
    if (life.isDead) return
    // Of a change that no storage could write nobody knows that it was impossible.
    if (isServed(app.parts, customerIdOf(customer.customerId))) return this.#close(open)
    this.count += 1
    quarantine.isFromMs = this.#world.timeline.nowMs
  }

  /** Mostly somebody whose requests run. */
  #whom(customers: readonly SimCustomer[]): SimCustomer | undefined {
    const { books } = this.#world
    const busy = customers.filter(({ customerId }) => {
      return (books.customer(customerId)?.holds.size ?? 0) > 0
    })
    const some = busy.length > 0 && this.#chance.percent(80) ? busy : customers
    return some[this.#chance.below(some.length)]
  }

  /** Has the journal verified until it ends the quarantine. */
  lift(): Promise<void> {
    this.#lifting = Promise.all([this.#lifting, this.#striking]).then(() => this.#liftNow())
    return this.#lifting
  }

  async #liftNow(): Promise<void> {
    const open = this.#open
    if (open === null) return
    const { running, quarantine } = open
    const { storage } = running.app.parts
    quarantine.isUntilMs = this.#world.timeline.nowMs
    while (this.#open === open) {
      const verifying = storage.verify({ isHealing: false, actor: 'operator' })
      await orDeath(running.life, verifying.then(nothing, nothing))
      if (running.life.isDead) return
      if (isServed(running.app.parts, customerIdOf(quarantine.customerId))) this.#close(open)
      else await this.#pause(againMs)
    }
  }

  #pause(ms: number): Promise<void> {
    const event = { kind: 'administrator', name: 'has it verified' } as const
    return this.#world.timeline.sleep(ms, event)
  }

  /** It is over, by a verify or with its process. */
  #close(open: { readonly quarantine: Quarantine }): void {
    if (this.#open !== open) return
    this.#open = null
    const { nowMs } = this.#world.timeline
    const { quarantine } = open
    quarantine.mayUntilMs = nowMs
    quarantine.isUntilMs = Math.min(quarantine.isUntilMs, nowMs)
  }

  /** By a change of the customer, or of one of its members. */
  #breakFor({ storage }: GateParts, customer: SimCustomer): Promise<'written' | 'refused'> {
    const customerId = customerIdOf(customer.customerId)
    const [member] = customer.members
    const change = (_state: unknown, { nowMs }: { readonly nowMs: number }): Changed<undefined> =>
      impossible(nowMs)
    const changing =
      member === undefined || this.#chance.percent(50)
        ? storage.updateCustomer(customerId, change)
        : storage.update({ customerId, memberId: memberIdOf(member.memberId) }, change)
    return changing.then(
      () => 'written',
      () => 'refused',
    )
  }
}

/** The first entry could stand by itself: none of both may be written. */
function impossible(nowMs: number): Changed<undefined> {
  const isOn = { kind: 'extra_usage_set', scope: 'customer', isOn: false } as const
  const right: NewEntry = { atMs: nowMs, legs: [], body: isOn }
  const legs = [{ from: 'grant:none:available', to: 'grant:none:spent', amount: 1n }] as const
  return { answer: undefined, entries: [right, { ...right, legs }] }
}

const nothing = (): void => {}

/** What a process that died was asked for never comes. */
function orDeath<Answer>(life: Life, work: Promise<Answer>): Promise<Answer | undefined> {
  return Promise.race([
    work,
    new Promise<undefined>((resolve) => {
      if (life.isDead) resolve(undefined)
      else life.onDeath.add(() => resolve(undefined))
    }),
  ])
}
