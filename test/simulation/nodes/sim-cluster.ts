import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { App } from '../../../src/app.ts'
import {
  operatorTokenFile,
  operatorTokenSecret,
  sha256Hex,
} from '../../../src/admin/callers/operator-token.ts'
import type { GateParts } from '../../../src/operations/parts.ts'
import type { Chance } from '../engine/chance.ts'
import type { Link, Weather } from '../engine/link.ts'
import type { Port } from '../engine/network.ts'
import { watchFiles } from '../engine/quiet.ts'
import type { Servers } from '../engine/servers.ts'
import type { NodeBug } from './database-types.ts'
import { NodeStorage } from './node-storage.ts'
import { SharedDatabase } from './shared-database.ts'
import { SimNode, type NodeParts } from './sim-node.ts'
import type { WireWeather } from './sim-wire.ts'

export type ClusterOptions = Omit<
  NodeParts,
  'name' | 'database' | 'wireWeather' | 'onBoot' | 'onDeath'
> & {
  readonly count: number
  /** How long a question to the database is usually on its way. */
  readonly databaseMs: number
  readonly bugs: readonly NodeBug[]
  readonly onDeath: (bootId: string) => void
}

/** Several nodes and the database that they share; whoever connects meets one of them. */
export class SimCluster implements Servers {
  readonly database: SharedDatabase
  readonly nodes: readonly SimNode[]
  readonly wireWeather: WireWeather
  readonly #observer: NodeStorage
  #booting = 0
  #token = ''

  constructor(options: ClusterOptions) {
    const { root, timeline, chance, wallMs, count, bugs } = options
    const folder = join(root, 'database')
    mkdirSync(folder, { recursive: true })
    const clock = {
      wallMs,
      elapsedMs: () => timeline.nowMs,
      after: () => () => undefined,
    }
    this.database = new SharedDatabase(folder, clock)
    for (const bug of bugs) this.database.bugs.add(bug)
    this.wireWeather = {
      latencyMs: options.databaseMs,
      lostPercent: 0,
      doubtfulCommits: 0,
      onDoubtfulCommit: () => undefined,
      doubledPercent: 0,
      isAway: false,
    }
    this.nodes = Array.from({ length: count }, (_, index) => {
      const name = `node-${index + 1}`
      return new SimNode({
        ...options,
        name,
        chance: chance.fork(name),
        database: this.database,
        wireWeather: this.wireWeather,
        onBoot: (isBooting) => this.#watch(isBooting),
      })
    })
    this.#observer = new NodeStorage({
      database: this.database,
      wire: { ask: async (_name, act) => act() },
      name: 'observer',
      clock,
      random: chance.fork('observer'),
      log: { info: noLog, warn: noLog, error: noLog },
      version: 'simulated',
      onFenced: () => undefined,
    })
  }

  get lives(): number {
    return this.nodes.reduce((sum, { lives }) => sum + lives, 0)
  }

  get app(): App | null {
    return this.nodes.find(({ app }) => app !== null)?.app ?? null
  }

  get life(): null {
    return null
  }

  get isWhole(): boolean {
    return this.nodes.every(({ app }) => app !== null)
  }

  start(): void {
    for (const node of this.nodes) node.start()
  }

  tend(): void {
    for (const node of this.nodes) node.tend()
  }

  end(): void {
    for (const node of this.nodes) node.end()
    void this.database.close()
  }

  connect(port: Port, chance: Chance, weather: Partial<Weather> = {}): Link | undefined {
    return this.nodes[chance.below(this.nodes.length)]?.network?.connect(port, chance, weather)
  }

  /** Into the database itself, past every node. */
  async look(see: (parts: GateParts) => Promise<void>): Promise<void> {
    const { app } = this
    if (app === null) return
    this.#observer.hear([], this.database.position)
    await see({ ...app.parts, storage: this.#observer })
  }

  /** Each node has made one, and that of the node that was first counts for all. */
  operatorToken(): string {
    if (this.#token !== '') return this.#token
    const digest = this.database.reader.findSecret(operatorTokenSecret)
    for (const { folder, app } of this.nodes) {
      if (app === null) continue
      const token = readIfThere(join(folder, operatorTokenFile))
      if (digest === sha256Hex(token)) this.#token = token
    }
    return this.#token
  }

  #watch(isBooting: boolean): void {
    this.#booting += isBooting ? 1 : -1
    watchFiles(this.#booting > 0)
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

const noLog = (): void => undefined
