import type { World } from '../world.ts'
import type { SimCluster } from './sim-cluster.ts'
import type { SimNode } from './sim-node.ts'

export const nodeFaultKinds = [
  'kill a node',
  'kill two nodes',
  'stall a node',
  'stall every node',
  'stop a node',
  'lose messages',
  'unknown commits',
  'double messages',
  'slow database',
  'database away',
  'refuse commits',
  'upstream away',
  'upstream silent',
] as const
export type NodeFaultKind = (typeof nodeFaultKinds)[number]

/** From less than a lease to many of them. */
const stallsMs = [800, 6000, 14_000, 16_000, 20_000, 40_000, 240_000] as const
/** Where faults come often, nobody would ever be awake. */
const stallMaxMs = (faultEveryMs: number) => ({
  one: Math.max(20_000, 8 * faultEveryMs),
  all: 3 * faultEveryMs,
})

/** What goes wrong in a world of several nodes: with them, and between them and their database. */
export class NodeTroubles {
  readonly #world: World
  readonly #cluster: SimCluster
  readonly #chance
  readonly counts = new Map<NodeFaultKind, number>()
  #isOver = false

  constructor(world: World, cluster: SimCluster) {
    this.#world = world
    this.#cluster = cluster
    this.#chance = world.chance.fork('node faults')
    cluster.wireWeather.onDoubtfulCommit = () => this.#feel(0)
  }

  async live(): Promise<void> {
    const { timeline, mix } = this.#world
    const [first, ...others] = mix.nodeFaults
    if (first === undefined) return
    while (!this.#isOver) {
      const waitMs = this.#chance.wait(mix.faultEveryMs)
      await timeline.sleep(waitMs, { kind: 'look', name: 'next fault' })
      const kind = this.#chance.pick([first, ...others])
      timeline.after(0, { kind: 'fault', name: kind }, () => {
        if (!this.#isOver) this.#strike(kind)
      })
    }
  }

  /** From now on everything is as it should be; a node that stands still wakes when its time is over. */
  end(): void {
    const { wireWeather, database } = this.#cluster
    this.#isOver = true
    database.refusalsLeft = 0
    this.#calm()
    wireWeather.isAway = false
    wireWeather.latencyMs = this.#world.mix.databaseMs
  }

  #strike(kind: NodeFaultKind): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
    const chance = this.#chance
    const { wireWeather, database, nodes } = this.#cluster
    const { upstream, mix } = this.#world
    switch (kind) {
      case 'kill a node':
        return this.#kill(1)
      case 'kill two nodes':
        return this.#kill(2)
      case 'stall a node':
        return this.#stall([this.#node()], stallMaxMs(mix.faultEveryMs).one)
      case 'stall every node':
        return this.#stall(nodes, stallMaxMs(mix.faultEveryMs).all)
      case 'stop a node':
        this.#feel(30_000)
        void this.#node()?.stop(chance.pick([0, 500, 20_000]))
        return undefined
      case 'lose messages':
        wireWeather.lostPercent = chance.pick([2, 10, 40])
        return this.#for(chance.wait(10_000), () => this.#calm())
      case 'unknown commits':
        this.#feel(10_000)
        wireWeather.doubtfulCommits = chance.between(1, 4)
        return undefined
      case 'double messages':
        wireWeather.doubledPercent = chance.pick([5, 30])
        return this.#for(chance.wait(10_000), () => this.#calm())
      case 'slow database':
        wireWeather.latencyMs = mix.databaseMs * chance.pick([20, 200])
        return this.#for(chance.wait(5000), () => (wireWeather.latencyMs = mix.databaseMs))
      case 'database away':
        wireWeather.isAway = true
        return this.#for(chance.wait(6000), () => (wireWeather.isAway = false))
      case 'refuse commits':
        database.refusalsLeft = chance.between(1, 12)
        return undefined
      case 'upstream away':
        upstream.isAway = true
        return this.#later(chance.wait(5000), () => (upstream.isAway = false))
      case 'upstream silent':
        upstream.isSilent = true
        return this.#later(chance.wait(20_000), () => (upstream.isSilent = false))
    }
  }

  #kill(count: number): void {
    this.#feel(0)
    for (let killed = 0; killed < count; killed += 1) this.#node()?.kill()
  }

  #stall(nodes: readonly (SimNode | undefined)[], mostMs: number): void {
    const ms = Math.min(this.#chance.pick<number>(stallsMs), mostMs)
    this.#feel(ms)
    for (const node of nodes) node?.stall(ms)
  }

  #node(): SimNode | undefined {
    const { nodes } = this.#cluster
    return nodes[this.#chance.below(nodes.length)]
  }

  #calm(): void {
    const { wireWeather } = this.#cluster
    wireWeather.lostPercent = 0
    wireWeather.doubtfulCommits = 0
    wireWeather.doubledPercent = 0
  }

  #for(ms: number, end: () => void): void {
    this.#feel(ms)
    this.#later(ms, end)
  }

  /** Answers may say for so long that limits are unavailable, and until everybody has noticed that it is over. */
  #feel(ms: number): void {
    this.#world.outage.note(ms)
  }

  #later(delayMs: number, act: () => void): void {
    this.#world.timeline.after(delayMs, { kind: 'fault', name: 'over' }, () => {
      if (!this.#isOver) act()
    })
  }
}
