import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Entry } from '../../src/core/entry.ts'
import { AnswerChecks } from './checks/answer-checks.ts'
import { Books } from './checks/books.ts'
import { ClockRules, type ClocksNow } from './checks/clock-rules.ts'
import { Doubts } from './checks/doubts.ts'
import { HoldLives } from './checks/hold-lives.ts'
import { HistoryKeeper } from './checks/history-check.ts'
import { Passage } from './checks/passage.ts'
import { Quarantines } from './checks/quarantines.ts'
import { Turns } from './checks/turns.ts'
import { Chance } from './engine/chance.ts'
import type { Link, Weather } from './engine/link.ts'
import type { Port } from './engine/network.ts'
import { untilQuiet } from './engine/quiet.ts'
import type { GateParts } from '../../src/operations/parts.ts'
import { SimServer, type Running } from './engine/server.ts'
import type { Servers } from './engine/servers.ts'
import { Timeline } from './engine/timeline.ts'
import { SimUpstream } from './engine/upstream.ts'
import { Outage } from './faults/outage.ts'
import { HistoryLog, type HistoryEvent } from './history-log.ts'
import type { Mix } from './mix.ts'
import { SimCluster, type ClusterOptions } from './nodes/sim-cluster.ts'
import type { NodeBug } from './nodes/database-types.ts'
import type { SimCustomer, SimMember } from './people/cast.ts'
import { Client, type Reply } from './people/client.ts'
import type { LlmRequest } from './people/llm-caller.ts'
import { Operator } from './people/operator.ts'
import { plansText, pricesText } from './plans.ts'

/** Wednesday evening in the week in which clocks of Europe change, so that civil windows are worth their code. */
const epochMs = Date.UTC(2026, 9, 21, 17, 20)

export type WorldOptions = {
  /** A folder of its own, which the world may fill. */
  readonly root: string
  readonly onHistory?: (event: HistoryEvent) => void
  /** Nothing is held against the world but what its histories say. */
  readonly isByHistoriesOnly?: boolean
  /** Mistakes that the storage of several nodes makes, so that somebody sees them found. */
  readonly bugs?: readonly NodeBug[]
}

/** Everything that is simulated, made of one seed. It moves by one event at a time, when it is told to. */
export class World {
  readonly mix: Mix
  readonly chance: Chance
  readonly timeline: Timeline
  readonly upstream: SimUpstream
  readonly server: SimServer
  /** The nodes of a world that has several: there, the one server never starts. */
  readonly cluster: SimCluster | null
  readonly history: HistoryLog
  readonly kept = new HistoryKeeper()
  readonly violations: string[] = []
  readonly outage = new Outage(() => this.timeline.nowMs)
  readonly quarantines = new Quarantines(() => this.timeline.nowMs)
  readonly lives: HoldLives
  readonly clockRules = new ClockRules()
  readonly doubts = new Doubts()
  readonly books: Books
  readonly answers: AnswerChecks
  /** Commands that were acknowledged, and have to be in the journal. */
  readonly acknowledged: string[] = []
  /** How far the machine's clock is from the right time. */
  wallOffMs = 0
  readonly customers: SimCustomer[] = []
  readonly wholes: { readonly holdId: string; readonly upstreamRequestId: string }[] = []
  /** So many snapshots were spoiled by us. */
  corrupted = 0
  /** Members and administrators who are in the middle of something. */
  busy = 0
  /** Nobody begins anything new. */
  isClosing = false
  readonly onReady = new Set<(running: Running) => void>()
  /** Told of what every member was answered. */
  readonly onReply = new Set<(member: SimMember, request: LlmRequest, reply: Reply) => void>()
  readonly logged = new Map<string, number>()
  readonly passage = new Passage((what, why) => this.blame(what, why))
  readonly #asking = new Map<string, number>()
  readonly turns = new Turns()
  /** On which connection the LLM API answers. */
  readonly #answering = new Map<string, Link>()
  readonly #isByHistoriesOnly: boolean
  /** This life has not been held against the one before. */
  #isFresh = false

  constructor(mix: Mix, options: WorldOptions) {
    const { root, onHistory, isByHistoriesOnly = false } = options
    this.mix = mix
    this.#isByHistoriesOnly = isByHistoriesOnly
    this.timeline = new Timeline({ isWhole: mix.isWholeMs })
    this.chance = new Chance(`world/${mix.seed}`)
    this.lives = new HoldLives(this.timeline, this.outage)
    this.books = new Books((what) => this.blame('the journal is wrong', what), {
      lives: this.lives,
      holdMaxMs: mix.holdMaxMs,
      recordNowMs: () => this.server.running?.app.parts.storage.recordNowMs() ?? Infinity,
      onSystemEntry: (body, position) => this.#followClock(body, position),
    })
    this.answers = new AnswerChecks(this.books, this.chance.fork('checks'), (what, why) =>
      this.blame(what, why),
    )
    mkdirSync(root, { recursive: true })
    const pricesFile = join(root, 'prices.json')
    writeFileSync(pricesFile, pricesText)
    const { timeline } = this
    this.history = new HistoryLog(
      () => timeline.nowMs,
      (event) => {
        this.kept.events.push(event)
        onHistory?.(event)
      },
    )
    this.upstream = new SimUpstream(timeline, () => this.trueMs(), {
      troublePercent: mix.upstreamTroublePercent,
      eventMs: mix.upstreamEventMs,
    })
    this.upstream.onHeard = (luck, message, link) => {
      const exchange = this.passage.hear(luck, message)
      this.#answering.set(luck, link)
      return exchange
    }
    this.upstream.onTwice = (wish) => this.blame('a request was sent twice', wish)
    const serving = {
      root,
      timeline,
      chance: this.chance.fork('server'),
      wallMs: () => this.trueMs() + this.wallOffMs,
      weather: { latencyMs: mix.latencyMs, piecesPercent: mix.piecesPercent },
      door: this.upstream.door,
      plans: plansText(mix.planScale),
      flags: [
        '--gateway-host=0.0.0.0',
        `--prices-file=${pricesFile}`,
        `--snapshot-every=${mix.snapshotEvery}`,
        `--hold-max-ms=${mix.holdMaxMs}`,
        '--upstream-wait-max-ms=120000',
        '--upstream-silence-max-ms=60000',
        `--overrun-max=${mix.overrunMax}`,
      ],
      onLog: (level: string, message: string, fields: object) => this.#hear(level, message, fields),
    }
    this.cluster = mix.nodes > 1 ? this.#clusterOf(serving, options.bugs ?? []) : null
    if (this.cluster !== null) this.books.livingExpiries = this.cluster.database.livingExpiries
    this.server = new SimServer({
      ...serving,
      diskWeather: { writeMs: mix.writeMs },
      onRuined: (why) => this.blame('the server gives up its journal', why),
      onReady: (running) => {
        this.#isFresh = true
        this.outage.note()
        this.doubts.begin()
        for (const tell of this.onReady) tell(running)
      },
    })
  }

  get servers(): Servers {
    return this.cluster ?? this.server
  }

  /** The right time. */
  trueMs(): number {
    return Math.floor(epochMs + this.timeline.nowMs)
  }

  client(port: Port, name: string, weather: Partial<Weather> = {}): Client {
    return new Client({
      connect: (chance, own) => this.servers.connect(port, chance, own),
      timeline: this.timeline,
      chance: this.chance.fork(`client ${name}`),
      weather,
    })
  }

  operator(name: string): Operator {
    const { timeline, history } = this
    const client = this.client('admin', name)
    const chance = this.chance.fork(`operator ${name}`)
    const onDone = (key: string): void => void this.acknowledged.push(`operator:${key}`)
    const token = (): string => this.servers.operatorToken() || 'plop_nobody'
    return new Operator({ client, timeline, chance, token, history, name, onDone })
  }

  /** Something that must not be. The first is enough to stop. */
  blame(what: string, why: string, by: 'history' | 'check' = 'check'): void {
    if (this.#isByHistoriesOnly && by !== 'history') return
    const atMs = Math.round(this.timeline.nowMs)
    this.violations.push(`${what}: ${why} (step ${this.timeline.steps}, ${atMs} ms)`)
  }

  /** Somebody is in the middle of something until it is done. */
  async during(work: Promise<unknown>): Promise<void> {
    this.busy += 1
    await work
    this.busy -= 1
  }

  /** Somebody has read a whole good answer, so its usage has to be in the journal as the upstream told it. */
  noteWhole(upstreamRequestId: string, holdId: string): void {
    this.wholes.push({ holdId, upstreamRequestId })
  }

  /** So many requests of a member are on their way, this one included. */
  asking(memberId: string, more: 1 | -1): number {
    const count = (this.#asking.get(memberId) ?? 0) + more
    this.#asking.set(memberId, count)
    return count
  }

  /** A caller is gone: the LLM API has to be told so. */
  noteLeft(luck: string, { latencyMs }: Client): void {
    const event = { kind: 'look', name: 'whether an answer goes on' } as const
    const onWayMs = 2 * longWays * Math.max(latencyMs, this.mix.latencyMs)
    this.timeline.after(leftMaxMs + onWayMs, event, () => {
      const isCut = this.#answering.get(luck)?.isCut !== false
      if (isCut || this.outage.isFelt || this.passage.running(luck) === undefined) return
      this.blame('an answer goes on whose caller has left', luck)
    })
  }

  /** One event, and everything that the server does about it. */
  async move(): Promise<boolean> {
    if (!this.timeline.next()) return false
    await untilQuiet()
    if (this.server.isDead) this.lives.processDied(this.books.bootId)
    this.servers.tend()
    await this.servers.look((parts) => this.#look(parts))
    return true
  }

  /** Moves on until something is done, or the server dies over it: then undefined. */
  async until<Answer>(work: Promise<Answer>): Promise<Answer | undefined> {
    const { life } = this.servers
    const done: { answer?: Answer; isOver?: true } = {}
    const wait = async (): Promise<void> => {
      try {
        done.answer = await work
      } catch (error) {
        this.blame('something that has to succeed fails', String(error))
      }
      done.isOver = true
    }
    void wait()
    await untilQuiet()
    while (done.isOver !== true && life?.isDead !== true && (await this.move()));
    return done.answer
  }

  /** Moves on for so long, or until this is so. */
  async pass(ms: number, isEnough: () => boolean = () => false): Promise<boolean> {
    const endMs = this.timeline.nowMs + ms
    this.timeline.after(ms, { kind: 'look', name: 'end of a wait' }, () => {})
    while (this.timeline.nowMs < endMs && !isEnough()) await this.move()
    return isEnough()
  }

  #clusterOf(
    serving: Omit<ClusterOptions, 'count' | 'databaseMs' | 'bugs' | 'onDeath'>,
    bugs: readonly NodeBug[],
  ): SimCluster {
    const { nodes: count, databaseMs } = this.mix
    const onDeath = (bootId: string): void => this.lives.processDied(bootId)
    return new SimCluster({ ...serving, count, databaseMs, bugs, onDeath })
  }

  /** The journal as it is now against what it was and what people were told. */
  async #look(parts: GateParts): Promise<void> {
    if (this.#isFresh) {
      this.#isFresh = false
      await this.books.checkNothingLost(parts.storage)
    }
    if (this.books.position < parts.storage.durablePosition) {
      await this.books.catchUp(parts.storage)
      const doubtful = this.doubts.look(this.books)
      if (doubtful !== null) this.blame('what failed is left open', doubtful)
      const fault = this.clockRules.look(this.books.lastMs, this.#clocksNow())
      if (fault !== null) this.blame('the clock of record is wrong', fault)
    }
    this.kept.look(this.books.position, this.history.next())
    if (this.answers.waiting > 0) await this.answers.look(parts)
    for (const operationId of this.acknowledged.splice(0)) {
      if (this.books.commandCount(operationId) === 0) {
        this.blame('an acknowledged command is gone', operationId)
      }
    }
  }

  #followClock(body: Entry['body'], position: number): void {
    if (body.kind !== 'clock_adopted' && body.kind !== 'clock_corrected') return
    const { clockRules, answers, lives } = this
    const now = this.#clocksNow()
    const isJump = body.kind === 'clock_adopted'
    if (isJump) lives.skip(body.toMs - body.fromMs)
    const fault = isJump ? clockRules.takeJump(body, now) : clockRules.takeCorrection(body, now)
    if (fault !== null) this.blame('the clock of record is wrong', fault)
    if (isJump) answers.resets.jump(body.toMs)
    else answers.resets.correct(body.toMs, position)
  }

  #clocksNow(): ClocksNow {
    const { timeline, wallOffMs } = this
    return { trueMs: this.trueMs(), wallOffMs, sleptMs: timeline.sleptWithin(justMs) }
  }

  #hear(level: string, message: string, fields: object): void {
    const { running } = this.server
    const holdId = 'holdId' in fields ? String(fields.holdId) : ''
    if (running !== null)
      this.doubts.hear(message, fields, running.app.parts.storage.durablePosition)
    if (message === 'the end of a hold has waited') this.lives.hasWaited(holdId)
    if (level === 'info') return
    this.logged.set(message, (this.logged.get(message) ?? 0) + 1)
    const isMeant = message === quarantined && this.quarantines.isExpected(customerIn(fields))
    if (faultsOfOurs.has(message) && !isMeant) this.blame(message, JSON.stringify(fields))
    if (message.startsWith('the end of a hold waits')) this.lives.waits(holdId)
    if (message.startsWith('hold not ended')) this.lives.leftOpen(holdId)
  }
}

/** So long after a caller has left the LLM API may still believe that it is there, beside the way of that word. */
const leftMaxMs = 500
/** Nothing needs so many times its usual time on its way. */
const longWays = 20

/** An entry is seen so long after it was written, at most. */
const justMs = 60_000

const quarantined = 'a change would have broken the books: its customer is in quarantine'

const customerIn = (fields: object): string =>
  'customerId' in fields ? String(fields.customerId) : ''

/** Log lines that say of themselves that the code is wrong. */
const faultsOfOurs: ReadonlySet<string> = new Set([
  'request failed by a fault of the gateway',
  'admin request failed',
  'a listener of commits failed',
  quarantined,
])
