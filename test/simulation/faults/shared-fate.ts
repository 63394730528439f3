import type { Chance } from '../engine/chance.ts'
import type { World } from '../world.ts'
import { DiskFaults } from './disk-faults.ts'

const fates = ['death', 'death with spoiled sums', 'sleep', 'upstream silent'] as const
export type Fate = (typeof fates)[number]

/** Long enough for windows to end, too short for a day's silence of the journal. */
const sleepsMs = [1000, 10 * 60_000, 3 * 3_600_000] as const

/**
 * What strikes at the same moments whoever else is there: when it comes depends on nobody's work, and it comes between
 * two whole milliseconds, when everything that was asked at the first is done. Other faults cannot: how many calls to
 * its disk a server makes, how long it waits for its requests when it stops, when somebody's answer first shows it the
 * right time, and which connections to an LLM API that takes no new ones it has left depend on all of its customers.
 */
export function meetSharedFate(world: World, chance: Chance, everyMs: number): SharedFate {
  const fate: SharedFate = { counts: new Map(), sleptMs: 0 }
  const strikeNext = (): void => {
    const event = { kind: 'fault', name: 'shared fate' } as const
    world.timeline.betweenMoments(chance.wait(everyMs), event, () => {
      const kind = chance.pick(fates)
      fate.counts.set(kind, (fate.counts.get(kind) ?? 0) + 1)
      if (kind === 'sleep') fate.sleptMs += sleep(world, chance.pick(sleepsMs))
      else strike(world, kind, chance)
      strikeNext()
    })
  }
  strikeNext()
  return fate
}

export type SharedFate = {
  readonly counts: Map<Fate, number>
  /** How long the machine has slept in all. */
  sleptMs: number
}

function sleep(world: World, ms: number): number {
  world.hasSlept = true
  world.timeline.pass(ms)
  return ms
}

function strike(world: World, fate: Exclude<Fate, 'sleep'>, chance: Chance): void {
  const { server, upstream, timeline } = world
  switch (fate) {
    case 'death':
      world.hasDiskTrouble = true
      return server.kill()
    case 'death with spoiled sums': {
      world.hasDiskTrouble = true
      const { running } = server
      const own = chance.fork(`sums ${server.lives}`)
      if (running !== null) new DiskFaults(running.disk, running.life, own).corruptSnapshots()
      return server.kill()
    }
    case 'upstream silent':
      upstream.isSilent = true
      return timeline.betweenMoments(chance.wait(3000), { kind: 'fault', name: 'over' }, () => {
        upstream.isSilent = false
      })
  }
}
