import type { Disk } from '../engine/disk.ts'
import type { Life } from '../engine/life.ts'
import type { World } from '../world.ts'
import { DiskFaults } from './disk-faults.ts'
import { slowOrderMs } from './outage.ts'

export const faultKinds = [
  'kill',
  'kill in a call',
  'kill before a write',
  'power loss',
  'disk errors',
  'slow disk',
  'stuck disk',
  'corrupt snapshots',
  'clock steps',
  'sleep',
  'upstream away',
  'upstream silent',
  'clean stop',
] as const
export type FaultKind = (typeof faultKinds)[number]

const minuteMs = 60_000
const hourMs = 60 * minuteMs
/** Up to twelve days, so that weeks and months end. */
const sleepsMs = [10_000, 10 * minuteMs, 3 * hourMs, 30 * hourMs, 288 * hourMs] as const

/** Whatever goes wrong in a world beside what its people and its upstream do. */
export class TroubleMaker {
  readonly #world: World
  readonly #chance
  readonly counts = new Map<FaultKind, number>()
  #diskFaults: DiskFaults | null = null
  #life: Life | null = null
  #isOver = false

  constructor(world: World) {
    this.#world = world
    this.#chance = world.chance.fork('faults')
    world.server.onDisk = (disk, life) => this.#meet(disk, life)
  }

  async live(): Promise<void> {
    const { timeline, mix } = this.#world
    const [first, ...others] = mix.faults
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

  /** From now on everything is as it should be. */
  end(): void {
    const { upstream, server } = this.#world
    this.#isOver = true
    this.#diskFaults?.end()
    this.#life?.dieAfterWrites(Infinity)
    upstream.isAway = upstream.isSilent = false
    this.#setWitness(0)
    upstream.mix = { ...upstream.mix, troublePercent: 0 }
    this.#setWall(0)
    const { running } = server
    if (running !== null) running.disk.weather = { writeMs: this.#world.mix.writeMs }
  }

  #meet(disk: Disk, life: Life): void {
    this.#life = life
    const chance = this.#chance.fork(`disk ${life.number}`)
    this.#diskFaults = new DiskFaults(disk, life, chance)
    const isShortLived = this.#world.mix.faults.includes('kill in a call') && chance.percent(10)
    // A start is as good a moment to die as any other.
    if (isShortLived && !this.#isOver) this.#diskFaults.killWithin()
    this.#watchOutage(this.#diskFaults, disk, life)
  }

  #watchOutage(faults: DiskFaults, disk: Disk, life: Life): void {
    const { outage } = this.#world
    outage.note()
    faults.onStrike = () => outage.note()
    disk.onOrder = (takesMs) => {
      if (takesMs > slowOrderMs) outage.note(takesMs)
    }
    life.onDeath.add(() => outage.note())
  }

  #strike(kind: FaultKind): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
    const world = this.#world
    const { upstream, server } = world
    const chance = this.#chance
    switch (kind) {
      case 'kill':
        return server.kill()
      case 'kill in a call':
        return this.#note(this.#diskFaults?.killWithin())
      case 'kill before a write':
        return this.#killBeforeWrite()
      case 'power loss':
        return this.#note(this.#diskFaults?.losePower())
      case 'disk errors':
        return this.#note(this.#diskFaults?.fail())
      case 'slow disk':
        return this.#slowDown()
      case 'stuck disk':
        return server.running?.disk.hang(chance.between(1000, 30_000))
      case 'corrupt snapshots':
        if (server.running === null) return undefined
        world.corrupted += 1
        this.#note(this.#diskFaults?.corruptSnapshots())
        // A start meets what no round of the running server has mended.
        if (chance.percent(50)) server.kill()
        return undefined
      case 'clock steps':
        return this.#stepClock()
      case 'sleep':
        return this.#sleep(chance.pick<number>(sleepsMs))
      case 'upstream away':
        upstream.isAway = true
        return this.#later(chance.wait(5000), () => (upstream.isAway = false))
      case 'upstream silent':
        upstream.isSilent = true
        return this.#later(chance.wait(20_000), () => (upstream.isSilent = false))
      case 'clean stop':
        return this.#stop(chance.pick([0, 500, 20_000]))
    }
  }

  #stop(drainMs: number): void {
    this.#world.outage.note(drainMs)
    void this.#world.server.stop(drainMs)
  }

  #sleep(ms: number): void {
    const { outage, timeline, lives } = this.#world
    outage.sleep(ms)
    timeline.pass(ms)
    lives.skip(ms)
  }

  /** The first write of an event, or one of those behind it: the LLM API has heard, and its caller has not. */
  #killBeforeWrite(): void {
    const chance = this.#chance
    const writes = chance.percent(50) ? chance.below(4) : chance.below(60)
    this.#life?.dieAfterWrites(writes)
    this.#note(`dies before its write ${writes}`)
  }

  #note(what: string | undefined): void {
    this.#world.timeline.note(`${what}\n`)
  }

  #slowDown(): void {
    const { running } = this.#world.server
    if (running === null) return
    const { writeMs } = this.#world.mix
    running.disk.weather = { writeMs: writeMs * this.#chance.pick([20, 200]) }
    this.#later(this.#chance.wait(5000), () => (running.disk.weather = { writeMs }))
  }

  /** The machine's clock is set, and mostly set right again. */
  #stepClock(): void {
    const world = this.#world
    const chance = this.#chance
    const byMs = chance.pick([20_000, 4 * minuteMs, 20 * minuteMs, 5 * hourMs, 60 * hourMs])
    this.#setWall(world.wallOffMs + (chance.percent(60) ? byMs : -byMs))
    if (chance.percent(80)) this.#later(chance.wait(60_000), () => this.#setWall(0))
    // Now and then the LLM API has its time from the same wrong place.
    if (chance.percent(30)) {
      this.#setWitness(world.wallOffMs)
      this.#later(chance.wait(60_000), () => this.#setWitness(0))
    }
    // Somebody who looks at the clock says that it is right, whether it is or not.
    if (chance.percent(30)) this.#later(chance.wait(5000), () => this.#say('adopt'))
    if (chance.percent(50)) this.#later(chance.wait(120_000), () => this.#say('correct'))
  }

  #setWall(offMs: number): void {
    this.#world.wallOffMs = offMs
    this.#world.clockRules.setWall(offMs)
  }

  #setWitness(offMs: number): void {
    this.#world.upstream.clockOffMs = offMs
    this.#world.clockRules.setWitness(offMs)
  }

  #say(what: 'adopt' | 'correct'): void {
    const world = this.#world
    if (what === 'adopt') world.clockRules.giveWord()
    const command = { path: `/clock/${what}`, customerId: null, content: {} }
    const said = world.operator(`clock-${world.timeline.steps}`).insist(command)
    void world.during(said)
  }

  #later(delayMs: number, act: () => void): void {
    this.#world.timeline.after(delayMs, { kind: 'fault', name: 'over' }, () => {
      if (!this.#isOver) act()
    })
  }
}
