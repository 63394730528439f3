import { createHash } from 'node:crypto'
import type { Entry } from '../../../src/core/entry.ts'
import { systemCustomerId } from '../../../src/core/ids.ts'
import type { Plan } from '../../../src/core/plan.ts'
import type { Price } from '../../../src/core/usage.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { faultOf } from './entry-rules.ts'
import type { HoldLives } from './hold-lives.ts'
import { Ledger } from './ledger.ts'

/** Those who look at entries as they become durable, and know what the time is. */
type Watchers = {
  readonly lives: HoldLives
  /** How long every request may run. */
  readonly holdMaxMs: number
  /** What the clock of record shows. */
  readonly recordNowMs: () => number
  readonly onSystemEntry: (body: Entry['body'], position: number) => void
}

type Mark = { readonly position: number; readonly ledger: Ledger }

type CustomerBooks = {
  readonly now: Ledger
  readonly entries: Entry[]
  /** The ledger as it was now and then, so that a decision of a moment ago can be looked at. */
  readonly marks: Mark[]
}

const entriesPerMark = 24
const marksMax = 12
const pageRows = 1000

/** Every durable entry, as it comes, checked against the rules and kept. */
export class Books {
  readonly #customers = new Map<string, CustomerBooks>()
  readonly #plans = new Map<string, { readonly position: number; readonly plan: Plan }[]>()
  readonly #shared = {
    plans: new Map<string, Plan>(),
    prices: new Map<string, Price>(),
    revokedMs: new Map<string, number>(),
    holdMaxMs: null as number | null,
  }
  /** The process that writes now. */
  bootId = ''
  readonly #ends = new Map<string, string>()
  readonly #commands = new Map<string, number>()
  readonly #holds = new Set<string>()
  readonly #settled = new Map<string, Entry>()
  readonly #onFault: (what: string) => void
  readonly #watchers: Watchers | null
  /**
   * Set where several nodes write: moments are in order for each customer, and boots say nothing of who lives. These
   * are the entries that expired a hold whose node lived.
   */
  livingExpiries: ReadonlySet<number> | null = null
  readonly #owners = new Map<string, string>()
  position = 0
  #last: Entry | undefined
  readonly #lastMs = new Map<string, number>()
  readonly #digest = createHash('sha256')
  entryCount = 0
  driftCount = 0

  /** Whoever reads long afterwards cannot say how long a hold lived. */
  constructor(onFault: (what: string) => void, watchers: Watchers | null = null) {
    this.#onFault = onFault
    this.#watchers = watchers
    this.#shared.holdMaxMs = watchers?.holdMaxMs ?? null
  }

  /** Takes what has become durable since. Resolves without a wait: the storage reads in this turn. */
  async catchUp(storage: Storage): Promise<void> {
    while (this.position < storage.durablePosition) {
      const page = await storage.entries({ afterPosition: this.position, rowsMax: pageRows })
      if (page.length === 0) return
      for (const entry of page) this.#take(entry)
    }
  }

  /** After a start: what was durable before is there, and is the same. */
  async checkNothingLost(storage: Storage): Promise<void> {
    if (this.#last === undefined) return
    const [found] = await storage.entries({ afterPosition: this.position - 1, rowsMax: 1 })
    if (found === undefined) {
      this.#onFault(`the journal ends at ${storage.durablePosition}, and had ${this.position}`)
    } else if (textOf(found) !== textOf(this.#last)) {
      this.#onFault(`entry ${this.position} is another one after the start`)
    }
  }

  get lastMs(): number {
    return this.#last?.atMs ?? 0
  }

  /** Of every entry so far. */
  get digest(): string {
    return this.#digest.copy().digest('hex')
  }

  hasHold(holdId: string): boolean {
    return this.#holds.has(holdId)
  }

  endOf(holdId: string): string | undefined {
    return this.#ends.get(holdId)
  }

  settledFor(upstreamRequestId: string): Entry | undefined {
    return this.#settled.get(upstreamRequestId)
  }

  /** How often a command's key is in the journal. */
  commandCount(operationId: string): number {
    return this.#commands.get(operationId) ?? 0
  }

  customer(customerId: string): Ledger | undefined {
    return this.#customers.get(customerId)?.now
  }

  get openHoldCount(): number {
    let count = 0
    for (const { now } of this.#customers.values()) count += now.holds.size
    return count
  }

  /** The last entry that a decision on this member has to know by now. */
  lastFor({
    customerId,
    memberId,
  }: {
    readonly customerId: string
    readonly memberId: string
  }): number {
    const entries = this.#customers.get(customerId)?.entries
    const isItsOwn = (entry: Entry): boolean =>
      entry.memberId === memberId || entry.memberId === null
    return entries?.findLast(isItsOwn)?.position ?? 0
  }

  /** Holds of these positions that are not voided. */
  notVoided(afterPosition: number, position: number): readonly string[] {
    const found: string[] = []
    for (const { entries } of this.#customers.values()) {
      for (const entry of entries.toReversed()) {
        if (entry.position <= afterPosition) break
        const { body } = entry
        if (entry.position > position || body.kind !== 'held') continue
        if (this.endOf(body.holdId) !== 'voided') found.push(body.holdId)
      }
    }
    return found
  }

  planAt(planId: string, position: number): Plan | undefined {
    return this.#plans.get(planId)?.findLast((version) => version.position <= position)?.plan
  }

  entryAt(customerId: string, position: number): Entry | undefined {
    return this.#customers.get(customerId)?.entries.findLast((one) => one.position === position)
  }

  /** The customer's ledger just after an entry of the past; undefined when that is too long ago. */
  at(customerId: string, position: number): Ledger | undefined {
    const books = this.#customers.get(customerId)
    const mark = books?.marks.findLast((one) => one.position <= position)
    if (books === undefined || mark === undefined) return undefined
    const ledger = mark.ledger.copy()
    const from = books.entries.findLastIndex((entry) => entry.position <= mark.position) + 1
    for (let index = from; index < books.entries.length; index += 1) {
      const entry = books.entries[index]
      if (entry === undefined || entry.position > position) break
      ledger.take(entry)
    }
    return ledger
  }

  #take(entry: Entry): void {
    const { customerId, position, body, operationId } = entry
    if (position !== this.position + 1) this.#onFault(`entry ${position} after ${this.position}`)
    this.#checkMoment(entry)
    this.position = position
    this.#last = entry
    this.#digest.update(textOf(entry))
    this.entryCount += 1
    if (operationId !== undefined) {
      const times = this.commandCount(operationId) + 1
      this.#commands.set(operationId, times)
      if (times > 1) this.#onFault(`the command ${operationId} was carried out ${times} times`)
    }
    if (body.kind === 'drift_found') this.driftCount += 1
    if (customerId === systemCustomerId) this.#takeSystem(entry)
    else this.#takeCustomer(entry)
  }

  /** The process that owns a hold when it expires: itself while it lives, and whoever came after it. */
  #ownerAt(holdId: string, position: number): string {
    if (this.livingExpiries === null) return this.bootId
    return this.livingExpiries.has(position) ? (this.#owners.get(holdId) ?? '') : ''
  }

  #checkMoment({ position, customerId, atMs, body }: Entry): void {
    const chain = this.livingExpiries === null ? '' : customerId
    const lastMs = this.#lastMs.get(chain) ?? 0
    if (atMs < lastMs && body.kind !== 'clock_corrected') {
      this.#onFault(`entry ${position} is of ${atMs}, before ${lastMs}`)
    }
    this.#lastMs.set(chain, atMs)
  }

  #takeSystem({ body, position }: Entry): void {
    this.#watchers?.onSystemEntry(body, position)
    if (body.kind === 'boot') this.bootId = body.bootId
    if (body.kind === 'price_published') this.#shared.prices.set(body.price.id, body.price)
    if (body.kind !== 'plan_published') return
    const versions = this.#plans.get(body.plan.id) ?? []
    versions.push({ position, plan: body.plan })
    this.#plans.set(body.plan.id, versions)
    this.#shared.plans.set(body.plan.id, body.plan)
  }

  #takeCustomer(entry: Entry): void {
    const { customerId, body, position } = entry
    const books = this.#booksOf(customerId)
    const fault = faultOf(books.now, entry, this.#shared)
    if (fault !== null) this.#onFault(`${customerId}: ${fault} (entry ${position})`)
    if (body.kind === 'key_revoked' && this.#watchers !== null)
      this.#shared.revokedMs.set(body.keyId, this.#watchers.recordNowMs())
    books.now.take(entry)
    books.entries.push(entry)
    this.#checkSums(books.now, entry)
    if (body.kind === 'held') {
      if (this.#holds.has(body.holdId)) this.#onFault(`${body.holdId} was placed twice`)
      this.#holds.add(body.holdId)
      const { bootId, expiresAtMs } = body
      this.#owners.set(body.holdId, bootId)
      this.#watchers?.lives.begin(body.holdId, { bootId, lifeMs: expiresAtMs - entry.atMs })
    }
    if (body.kind === 'expired') {
      const early =
        this.#watchers?.lives.expire(body.holdId, this.#ownerAt(body.holdId, position)) ?? null
      if (early !== null) this.#onFault(`${customerId}: ${early} (entry ${position})`)
    }
    if (body.kind === 'voided' || body.kind === 'settled' || body.kind === 'expired') {
      this.#ends.set(body.holdId, body.kind)
    }
    if (body.kind === 'settled' && body.upstreamRequestId !== null) {
      this.#settled.set(body.upstreamRequestId, entry)
    }
    if (books.entries.length % entriesPerMark === 0) {
      books.marks.push({ position, ledger: books.now.copy() })
      if (books.marks.length > marksMax) books.marks.shift()
    }
  }

  #checkSums(ledger: Ledger, entry: Entry): void {
    const touched = new Set(entry.legs.flatMap(({ from, to }) => [from, to]))
    for (const account of touched) {
      const name = account.startsWith('window:') ? `${entry.memberId} ${account}` : account
      const amount = ledger.amountIn(name)
      if (amount < 0n) this.#onFault(`${entry.customerId}: ${name} is ${amount}`)
    }
    if (entry.body.kind !== 'settled' || entry.body.overrunNanos === 0n) return
    const overrun = ledger.mostOverrun()
    // Of a month that four others came after, the server may have forgotten what was absorbed.
    if (overrun > ledger.overrunMax && ledger.overruns.size <= 4) {
      this.#onFault(`${entry.customerId}: the operator absorbs ${overrun} in a month`)
    }
  }

  #booksOf(customerId: string): CustomerBooks {
    const known = this.#customers.get(customerId)
    if (known !== undefined) return known
    const now = new Ledger()
    const books: CustomerBooks = {
      now,
      entries: [],
      marks: [{ position: 0, ledger: now.copy() }],
    }
    this.#customers.set(customerId, books)
    return books
  }
}

const textOf = (entry: Entry): string =>
  JSON.stringify(entry, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
