import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startApp, type App } from '../../../src/app.ts'
import { loadSettings } from '../../../src/config/load-settings.ts'
import type { LogFields, Logger } from '../../../src/system/logger.ts'
import type { Chance } from '../engine/chance.ts'
import { Life } from '../engine/life.ts'
import { Network } from '../engine/network.ts'
import type { ServerOptions } from '../engine/server.ts'
import type { JournalRow } from '../../../src/storage/entry-codec.ts'
import { openNodeStorage, type NodeStorage } from './node-storage.ts'
import type { SharedDatabase } from './shared-database.ts'
import { SimWire, type WireWeather } from './sim-wire.ts'

export type NodeParts = Omit<ServerOptions, 'diskWeather' | 'onRuined' | 'onReady'> & {
  readonly name: string
  readonly database: SharedDatabase
  readonly wireWeather: WireWeather
  /** A node starts, or has started. */
  readonly onBoot: (isBooting: boolean) => void
  readonly onDeath: (bootId: string) => void
}

/** How long until a node that died or could not start is started again. */
const restartMs = 500

type Alive = { readonly life: Life; readonly network: Network; app: App | null; bootId: string }

/** One node as its operator's machine sees it: it runs, stands still, dies, and is started again under its name. */
export class SimNode {
  readonly #parts: NodeParts
  readonly #folder: string
  #alive: Alive | null = null
  #lives = 0
  #isStopping = false

  constructor(parts: NodeParts) {
    this.#parts = parts
    this.#folder = join(parts.root, parts.name)
    mkdirSync(this.#folder, { recursive: true })
  }

  get folder(): string {
    return this.#folder
  }

  get lives(): number {
    return this.#lives
  }

  /** Null while it starts, stops, or is dead. */
  get app(): App | null {
    return this.#isStopping || this.#alive?.life.isDead === true ? null : (this.#alive?.app ?? null)
  }

  get life(): Life | null {
    return this.#alive?.life ?? null
  }

  get network(): Network | null {
    return this.#alive?.network ?? null
  }

  start(): void {
    const { timeline, chance, wallMs, weather, door, onBoot } = this.#parts
    const life = new Life((this.#lives += 1), timeline, wallMs)
    const luck = chance.fork(`life ${life.number}`)
    const network = new Network({ timeline, life, chance: luck.fork('network'), weather, door })
    const alive: Alive = { life, network, app: null, bootId: '' }
    this.#alive = alive
    this.#isStopping = false
    onBoot(true)
    life.onDeath.add(() => {
      if (alive.app === null) onBoot(false)
      this.#parts.onDeath(alive.bootId)
    })
    this.#boot(alive, luck).catch((error: unknown) => {
      if (life.isDead) return
      this.#parts.onLog('warn', 'the server could not start', { cause: String(error) })
      life.die()
    })
  }

  kill(): void {
    this.#alive?.life.die()
  }

  /** Whatever happens to it happens after this time, or before its death. */
  stall(ms: number): void {
    this.#alive?.life.stall(ms)
  }

  tend(): void {
    if (this.#alive?.life.isDead !== true) return
    this.#alive = null
    const event = { kind: 'fault', name: `${this.#parts.name} restart` } as const
    this.#parts.timeline.after(restartMs, event, () => this.start())
  }

  async stop(drainMs: number): Promise<void> {
    const { app } = this
    const life = this.#alive?.life
    if (app === null || life === undefined) return
    this.#isStopping = true
    app.beginStopping()
    await app.stop(drainMs)
    life.die()
  }

  end(): void {
    this.#alive?.life.die()
    this.#alive = null
  }

  async #boot(alive: Alive, luck: Chance): Promise<void> {
    const { plans, flags, root, onBoot } = this.#parts
    const { life, network } = alive
    const app = await startApp(
      loadSettings({
        flags: [...flags, `--data-folder=${this.#folder}`],
        environment: {},
        folder: root,
      }),
      { clock: life.clock, random: luck.fork('random'), logger: this.#logger(life) },
      {
        version: 'simulated',
        upstream: {
          url: 'http://upstream.invalid',
          keys: ['sk-operator-1', 'sk-operator-2'],
          authStyle: 'x-api-key',
          name: 'simulated',
        },
        mounts: [],
        defaultPlans: plans,
        machine: {
          network,
          storage: {
            openStorage: async ({ clock, random, logger, version }) => {
              const storage = await this.#openStorage(alive, luck, {
                clock,
                random,
                logger,
                version,
              })
              alive.bootId = storage.bootId
              return storage
            },
          },
          watchProcess: () => ({ look: noLook, close: () => {} }),
        },
      },
    )
    if (life.isDead) return
    alive.app = app
    onBoot(false)
  }

  async #openStorage(
    { life }: Alive,
    luck: Chance,
    system: Parameters<
      Extract<
        NonNullable<Parameters<typeof startApp>[2]['machine']>['storage'],
        { openStorage: unknown }
      >['openStorage']
    >[0],
  ): Promise<NodeStorage> {
    const { name, database, timeline, wireWeather } = this.#parts
    const chance = luck.fork('wire')
    const wire = new SimWire({ timeline, life, chance, weather: wireWeather, name })
    const { clock, random, logger: log, version } = system
    const onFenced = (): void => life.die()
    const options = { database, wire, name, clock, random, log, version, onFenced }
    const storage = await openNodeStorage(options)
    const tell = (rows: readonly JournalRow[], position: number): void =>
      wire.tell('commit told', () => storage.hear(rows, position))
    database.onCommit.add(tell)
    life.onDeath.add(() => database.onCommit.delete(tell))
    return storage
  }

  #logger(life: Life): Logger {
    const { onLog } = this.#parts
    const write =
      (level: 'info' | 'warn' | 'error') =>
      (message: string, fields: LogFields = {}): void => {
        if (!life.isDead) onLog(level, message, fields)
      }
    return { info: write('info'), warn: write('warn'), error: write('error') }
  }
}

const noLook = () => ({
  eventLoopDelayMs: 0,
  memory: { heapBytes: 0, heapMaxBytes: 1, residentBytes: 0 },
})
