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
export function meetSharedFate(
  world: World,
  chance: Chance,
  everyMs: number,
): ReadonlyMap<Fate, number> {
  const counts = new Map<Fate, number>()
  const strikeNext = (): void => {
    const event = { kind: 'fault', name: 'shared fate' } as const
    world.timeline.betweenMoments(chance.wait(everyMs), event, () => {
      const fate = chance.pick(fates)
      counts.set(fate, (counts.get(fate) ?? 0) + 1)
      strike(world, fate, chance)
      strikeNext()
    })
  }
  strikeNext()
  return counts
}

function strike(world: World, fate: Fate, chance: Chance): void {
  const { server, upstream, timeline, outage } = world
  switch (fate) {
    case 'death':
      outage.note()
      return server.kill()
    case 'death with spoiled sums': {
      const { running } = server
      const own = chance.fork(`sums ${server.lives}`)
      if (running !== null) new DiskFaults(running.disk, running.life, own).corruptSnapshots()
      outage.note()
      return server.kill()
    }
    case 'sleep': {
      const ms = chance.pick<number>(sleepsMs)
      outage.sleep(ms)
      return timeline.pass(ms)
    }
    case 'upstream silent':
      upstream.isSilent = true
      return timeline.betweenMoments(chance.wait(3000), { kind: 'fault', name: 'over' }, () => {
        upstream.isSilent = false
      })
  }
}
