import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startApp, type App } from '../../../src/app.ts'
import { loadSettings } from '../../../src/config/load-settings.ts'
import type { LogFields, Logger } from '../../../src/system/logger.ts'
import type { Chance } from './chance.ts'
import { DeadProcessError, Disk, type DiskWeather } from './disk.ts'
import { Life } from './life.ts'
import type { GateParts } from '../../../src/operations/parts.ts'
import type { Link, Weather } from './link.ts'
import { Network, type Port, type UpstreamDoor } from './network.ts'
import { watchFiles } from './quiet.ts'
import type { Servers } from './servers.ts'
import type { Timeline } from './timeline.ts'

export type ServerOptions = {
  readonly root: string
  readonly timeline: Timeline
  readonly chance: Chance
  readonly wallMs: () => number
  readonly weather: Weather
  readonly diskWeather: DiskWeather
  readonly door: UpstreamDoor
  readonly plans: string
  readonly flags: readonly string[]
  readonly onLog: (level: 'info' | 'warn' | 'error', message: string, fields: LogFields) => void
  /** Something that ends a server for good, such as a journal that somebody else has written. */
  readonly onRuined: (why: string) => void
  readonly onReady: (running: Running) => void
}

/** One process that serves. */
export type Running = {
  readonly life: Life
  readonly disk: Disk
  readonly network: Network
  readonly app: App
}

/** How long until a server that died or could not start is started again. */
const restartMs = 500

/** The server as its operator's machine sees it: it runs, dies, and is started again on what the disk has. */
export class SimServer implements Servers {
  readonly #options: ServerOptions
  #lives = 0
  #life: Life | null = null
  #disk: Disk | null = null
  #network: Network | null = null
  #running: Running | null = null
  #operatorToken = ''
  /** Hands of the world on every disk that comes. */
  onDisk: (disk: Disk, life: Life) => void = () => {}

  constructor(options: ServerOptions) {
    this.#options = options
  }

  get running(): Running | null {
    return this.#running
  }

  get network(): Network | null {
    return this.#network
  }

  get isDead(): boolean {
    return this.#life?.isDead === true
  }

  get app(): App | null {
    return this.#running?.app ?? null
  }

  get life(): Life | null {
    return this.#running?.life ?? null
  }

  get isWhole(): boolean {
    return this.#running !== null
  }

  get lives(): number {
    return this.#lives
  }

  start(folder = this.freshFolder()): void {
    const { timeline, chance, wallMs, weather, diskWeather, door } = this.#options
    const number = (this.#lives += 1)
    const life = new Life(number, timeline, wallMs)
    const luck = chance.fork(`life ${number}`)
    const disk = new Disk({
      folder,
      life,
      timeline,
      chance: luck.fork('disk'),
      weather: diskWeather,
    })
    const network = new Network({ timeline, life, chance: luck.fork('network'), weather, door })
    this.#life = life
    this.#disk = disk
    this.#network = network
    this.onDisk(disk, life)
    watchFiles(true)
    life.onDeath.add(() => watchFiles(false))
    this.#boot({ life, disk, network }, luck).catch((error: unknown) => {
      if (life.isDead) return
      this.#options.onLog('warn', 'the server could not start', { cause: String(error) })
      life.die()
    })
  }

  /** As a power button: whatever the process was about to do, it does not. */
  kill(): void {
    this.#life?.die()
  }

  /** Between two events: buries a process that died, and has the next one started. */
  tend(): void {
    const [life, disk] = [this.#life, this.#disk]
    if (life === null || disk === null || !life.isDead) return
    const folder = this.freshFolder()
    disk.copyTo(folder)
    disk.discard()
    this.#life = this.#disk = this.#network = this.#running = null
    const event = { kind: 'fault', name: 'restart' } as const
    this.#options.timeline.after(restartMs, event, () => this.start(folder))
  }

  /** Stops as an operator stops it, with so long for what runs. */
  async stop(drainMs: number): Promise<void> {
    const running = this.#running
    if (running === null) return
    // Nobody looks into a journal that is being closed.
    this.#running = null
    running.app.beginStopping()
    await running.app.stop(drainMs)
    if (!running.life.isDead) running.life.die()
  }

  /** The end of the world: nothing is started any more. */
  end(): void {
    this.#life?.die()
    this.#disk?.discard()
    this.#life = this.#disk = this.#network = this.#running = null
  }

  connect(port: Port, chance: Chance, weather: Partial<Weather> = {}): Link | undefined {
    return this.#network?.connect(port, chance, weather)
  }

  async look(see: (parts: GateParts) => Promise<void>): Promise<void> {
    const running = this.#running
    if (running === null) return
    running.disk.isLookedAt = true
    try {
      await see(running.app.parts)
    } catch (error) {
      if (!running.life.isDead) throw error
    } finally {
      running.disk.isLookedAt = false
    }
  }

  operatorToken(): string {
    if (this.#operatorToken === '' && this.#running !== null) {
      const path = join(this.#running.disk.folder, 'operator-token')
      this.#operatorToken = readFileSync(path, 'utf8').trim()
    }
    return this.#operatorToken
  }

  freshFolder(): string {
    return join(this.#options.root, `data-${this.#lives + 1}`)
  }

  async #boot({ life, disk, network }: Omit<Running, 'app'>, luck: Chance): Promise<void> {
    const { plans, flags, onReady } = this.#options
    const settings = loadSettings({
      flags: [...flags, `--data-folder=${disk.folder}`],
      environment: {},
      folder: this.#options.root,
    })
    const random = luck.fork('random')
    const app = await startApp(
      settings,
      { clock: life.clock, random, logger: this.#logger(life) },
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
            driver: disk.driver,
            startWriter: disk.startWriter,
            onTaken: (error) => {
              if (life.isDead) return
              this.#options.onRuined(error.message)
              life.die()
            },
          },
          watchProcess: () => ({ look: noLook, close: () => {} }),
        },
      },
    )
    if (life.isDead) return
    watchFiles(false)
    this.#running = { life, disk, network, app }
    onReady(this.#running)
  }

  #logger(life: Life): Logger {
    const { onLog } = this.#options
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

/** What a dead process still throws is nobody's business. */
export const isOfTheDead = (error: unknown): boolean => {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof DeadProcessError) return true
  }
  return false
}
