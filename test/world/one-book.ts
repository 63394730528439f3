import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { UsageAnswer } from '../../src/admin/contract/answers.ts'
import { startApp, type App } from '../../src/app.ts'
import { loadSettings } from '../../src/config/load-settings.ts'
import type { Settings } from '../../src/config/settings.ts'
import { customerId, memberId, operationId, planId } from '../../src/core/ids.ts'
import { formatMoney } from '../../src/core/money.ts'
import { explain } from '../../src/operations/explain.ts'
import { issueKey } from '../../src/operations/issue-key.ts'
import { listDrifts } from '../../src/operations/list-drifts.ts'
import { openCustomer } from '../../src/operations/open-customer.ts'
import { seatMember } from '../../src/operations/seat-member.ts'
import { setExtraUsage } from '../../src/operations/set-extra-usage.ts'
import { topUp } from '../../src/operations/top-up.ts'
import type { Logger } from '../../src/system/logger.ts'
import { systemRandom } from '../../src/system/random.ts'
import {
  falsifySums,
  overwriteStoredSums,
  readStoredSums,
  type DamageStoredSums,
  type StoredSums,
} from './damage.ts'
import { readReply, type Half, type Line, type Reply, type UsageShown } from './half.ts'
import {
  explanationLines,
  journalLine,
  shownDrift,
  type DriftFound,
  type JournalLine,
} from './journal-lines.ts'
import { plansFile, pricesFile, requestBody, seat, type Prompt } from './seat.ts'
import type { HalfParts } from './two-books-half.ts'

/** What a billing update wrote, and what became of the sums beside it. */
export type Damage = {
  readonly position: number
  readonly kind: string
  readonly lines: readonly Line[]
}

export type Verified = {
  readonly isClean: boolean
  readonly entryCount: number
  readonly differences: readonly string[]
}

export type OneBookTerms = { readonly isExtraUsageOn: boolean }

const scope = { customerId: customerId('subscriber'), memberId: memberId('subscriber') }

const silent: Logger = { info: () => {}, warn: () => {}, error: () => {} }

const sourcesFolder = join(import.meta.dirname, '..', '..', 'src')
const defaultPlans = readFileSync(join(sourcesFolder, 'demo', 'demo-plans.json'), 'utf8')

/** The journal page that the story shows; its whole journal is shorter. */
const rowsMax = 200

/** Writes the folder of a Plimsoll with the story's seat, and starts it there with its subscriber. */
export async function openOneBook(
  parts: HalfParts,
  terms: OneBookTerms = { isExtraUsageOn: true },
): Promise<OneBook> {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-story-'))
  const book = new OneBook(parts, folder)
  try {
    await book.open(terms)
    return book
  } catch (error) {
    await book.close()
    throw error
  }
}

function settingsIn(folder: string, weekStartMs: number): Settings {
  const plansPath = join(folder, 'plans.json')
  const pricesPath = join(folder, 'prices.json')
  writeFileSync(plansPath, JSON.stringify(plansFile(weekStartMs)))
  writeFileSync(pricesPath, JSON.stringify(pricesFile))
  const flags = [
    `--data-folder=${join(folder, 'data')}`,
    `--plans-file=${plansPath}`,
    `--prices-file=${pricesPath}`,
    '--gateway-port=0',
    '--admin-port=0',
    // Every entry leaves stored sums beside it, so that there is something to lose and to corrupt.
    '--snapshot-every=1',
  ]
  return loadSettings({ flags, environment: {}, folder })
}

/**
 * The real Plimsoll, wired by `src/app.ts` as for everybody, in a folder of its own: one customer with one
 * member on the story's seat. Damage is done to its files while it is stopped; then it starts again and
 * reads what is there.
 */
export class OneBook implements Half {
  readonly #parts: HalfParts
  readonly #folder: string
  readonly #settings: Settings
  #app: App | null = null
  #keyText = ''
  #commandCount = 0
  #updatePosition = 0
  /** The decision of the first request after the update. */
  #decisionId: string | null = null

  constructor(parts: HalfParts, folder: string) {
    this.#parts = parts
    this.#folder = folder
    this.#settings = settingsIn(folder, parts.weekStartMs)
  }

  async open({ isExtraUsageOn }: OneBookTerms): Promise<void> {
    await this.#start()
    const { parts } = this.#running()
    const { customerId: id } = scope
    await openCustomer(parts, {
      ...this.#command(),
      customerId: id,
      zone: 'UTC',
      isExtraUsageOn,
      cap: { kind: 'unlimited' },
      overrunMaxNanos: this.#settings.overrunMax,
      isStrict: false,
      runningMax: this.#settings.customerRunningMax,
    })
    await seatMember(parts, { ...this.#command(), ...scope, planId: planId(seat.planId) })
    await topUp(parts, {
      ...this.#command(),
      customerId: id,
      amountNanos: seat.extraUsageNanos,
      origin: 'top_up',
      expiresAtMs: null,
    })
    await this.logIn()
  }

  async send(prompt: Prompt): Promise<Reply> {
    const { gatewayUrl } = this.#running()
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${this.#keyText}` }
    const body = requestBody(prompt)
    const reply = await readReply(
      await fetch(`${gatewayUrl}/v1/messages`, { method: 'POST', headers, body }),
    )
    await this.#settled()
    if (this.#updatePosition > 0) this.#decisionId ??= reply.decisionId
    return reply
  }

  /** A new key for the same member: what a new log-in gives where people sign in. */
  async logIn(): Promise<string> {
    const { keyText } = await issueKey(this.#running().parts, { ...this.#command(), ...scope })
    this.#keyText = keyText
    return `${keyText.slice(0, 11)}…`
  }

  /** What the member's own page reads, from where it reads it. */
  async readUsage(): Promise<UsageShown> {
    const { adminUrl, parts } = this.#running()
    const headers = { authorization: `Bearer ${this.#keyText}` }
    const response = await fetch(`${adminUrl}/api/me/usage`, { headers })
    const { figures } = (await response.json()) as UsageAnswer
    const percentIn = (limitId: string): number =>
      figures.limits.find((limit) => limit.limitId === limitId)?.usedPercent ?? Number.NaN
    const query = { customerId: scope.customerId, kind: 'extra_usage_set', rowsMax } as const
    const saved = await parts.storage.entries(query)
    return {
      weekPercent: percentIn('week'),
      sessionPercent: percentIn('session'),
      balance: formatMoney(BigInt(figures.extraUsage.balanceNanos)),
      spent: formatMoney(BigInt(figures.extraUsage.spentNanos)),
      isExtraUsageOn: figures.extraUsage.isOnForCustomer,
      saveCount: saved.length,
    }
  }

  async save(isOn: boolean): Promise<void> {
    const { customerId: id } = scope
    const target = { customerId: id, memberId: null, isOn }
    await setExtraUsage(this.#running().parts, { ...this.#command(), ...target })
  }

  /**
   * The billing update: the seat is renewed, by an entry in the journal. The stored sums that were written
   * beside it are lost, so the ones before stand there again; and those are overwritten besides.
   */
  async renewLosingItsWrite(): Promise<Damage> {
    const { parts } = this.#running()
    const dataFolder = this.#dataFolder()
    const before = readStoredSums(dataFolder)
    await seatMember(parts, { ...this.#command(), ...scope, planId: planId(seat.planId) })
    const [entry] = await parts.storage.entries({ ...scope, isNewestFirst: true, rowsMax: 1 })
    if (entry === undefined) throw new Error('The billing update wrote no entry')
    this.#updatePosition = entry.position
    this.#decisionId = null
    const age = Math.max(...before.map((row) => row.position))
    const lost: Line = {
      kind: 'fault',
      text: `stored sums: their write is lost, they are those of entry #${age}`,
    }
    const lines = await this.#restartWith(falsifySums(before, this.#parts.clock.wallMs()))
    return { position: entry.position, kind: entry.body.kind, lines: [lost, ...lines] }
  }

  /** Overwrites the stored sums, by default with sums that say: no balance, session full. */
  corrupt(damage: DamageStoredSums = falsifySums): Promise<readonly Line[]> {
    const rows = readStoredSums(this.#dataFolder())
    return this.#restartWith(damage(rows, this.#parts.clock.wallMs()))
  }

  /** From the billing update on, with the server's own entries; the whole journal before there was one. */
  async journal(): Promise<readonly JournalLine[]> {
    const afterPosition = Math.max(0, this.#updatePosition - 1)
    const query = { afterPosition, isNewestFirst: true, rowsMax }
    const entries = await this.#running().parts.storage.entries(query)
    return entries.toReversed().map(journalLine)
  }

  async drifts(): Promise<readonly DriftFound[]> {
    const found = await listDrifts(this.#running().parts, {
      customerId: scope.customerId,
      rowsMax,
    })
    return found.map(shownDrift)
  }

  async verify(): Promise<Verified> {
    const { storage } = this.#running().parts
    const { entryCount, faults, drifts } = await storage.verify({
      isHealing: false,
      actor: 'story',
    })
    const differences = [...faults, ...drifts.map(({ where, field }) => `${where} ${field}`)]
    return { isClean: differences.length === 0, entryCount, differences }
  }

  /** How the first request after the update was decided, made again from the journal. */
  async explainFirst(): Promise<readonly string[]> {
    if (this.#decisionId === null) return []
    return explanationLines(await explain(this.#running().parts, this.#decisionId))
  }

  async close(): Promise<void> {
    await this.#stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #restartWith(rows: readonly StoredSums[]): Promise<readonly Line[]> {
    await this.#stop()
    overwriteStoredSums(this.#dataFolder(), rows)
    await this.#start()
    return [
      { kind: 'fault', text: 'stored sums overwritten: balance $0.00, session 100 %' },
      { kind: 'note', text: 'restarted, so that it has only the stored sums and the journal' },
    ]
  }

  async #start(): Promise<void> {
    const { clock, upstreamUrl } = this.#parts
    const system = { clock, random: systemRandom, logger: silent }
    this.#app = await startApp(this.#settings, system, {
      version: 'story',
      upstream: { url: upstreamUrl, keys: ['story'], authStyle: 'x-api-key', name: 'the story' },
      mounts: [],
      defaultPlans,
    })
  }

  async #stop(): Promise<void> {
    const app = this.#app
    this.#app = null
    await app?.stop(0)
  }

  #running(): App {
    if (this.#app === null) throw new Error('The one book is closed')
    return this.#app
  }

  #dataFolder(): string {
    return this.#settings.dataFolder
  }

  #command(): { operationId: ReturnType<typeof operationId>; actor: string } {
    this.#commandCount += 1
    return { operationId: operationId(`story-${this.#commandCount}`), actor: 'story' }
  }

  /** A caller has its answer a moment before its request is settled, and that a moment before it is durable. */
  async #settled(): Promise<void> {
    const { storage } = this.#running().parts
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = (): void => {
      if (storage.openHoldCount(scope.customerId) === 0) resolve()
    }
    const stop = storage.onCommit(look)
    look()
    await promise
    stop()
    // Reading nothing, this still resolves only when everything before it is durable.
    await storage.update(scope, () => ({ answer: null, entries: [] }))
  }
}
