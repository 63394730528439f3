import type { Plan } from '../../core/plan.ts'
import type { Price } from '../../core/usage.ts'
import type { GateParts } from '../../operations/parts.ts'
import { publishPlans } from '../../operations/publish-plans.ts'
import { demoCustomerId, demoMemberId, type DemoTerms } from '../demo-account.ts'
import { ensureDemoMember } from '../demo-member.ts'
import { acts, moveIn } from './acts.ts'
import { demoHouses } from './cast.ts'
import { createChance } from './chance.ts'
import { eager } from './eager-storage.ts'
import type { ScriptedClock } from './scripted-clock.ts'
import { ask, type Scene, type Stage } from './stage.ts'
import { dayMs, wayToMark, workingDays } from './working-days.ts'

/** How far back the demo world goes. */
export const demoWorldMs = 28 * dayMs

export type DemoWorldTerms = DemoTerms & {
  readonly plans: readonly Plan[]
  readonly priceOf: (model: string, atMs: number) => Price | undefined
}

/**
 * Plays four weeks of invented customers into an empty journal, through the operations that serve real ones: the
 * history adds up and every decision explains, because nothing in it was written by hand. The clock has to stand at
 * the beginning, and stands at `endMs` afterwards.
 */
export async function makeDemoWorld(
  parts: GateParts,
  world: DemoWorldTerms & { readonly clock: ScriptedClock; readonly endMs: number },
): Promise<void> {
  const { clock, endMs, plans, priceOf, ...terms } = world
  const { overrunMaxNanos, runningMax } = terms
  const chance = createChance(1876)
  const fromMs = clock.wallMs()
  const { storage, whenDurable } = eager(parts.storage)
  const stage: Stage = {
    parts: { ...parts, storage },
    clock,
    chance,
    priceOf,
    endMs,
    keys: new Map(),
  }
  await publishPlans(parts, plans)
  await ensureDemoMember(parts, { overrunMaxNanos, runningMax })
  const scenes: Scene[] = [...acts(endMs), ...demoMemberDays({ fromMs, endMs }), lastWord(endMs)]
  for (const house of demoHouses) {
    await moveIn(stage, house, { overrunMaxNanos, runningMax })
    for (const person of house.people) {
      scenes.push(...workingDays(house, person, { fromMs, endMs, chance }))
      scenes.push(...wayToMark(house, person, { endMs, chance }))
    }
  }
  for (const scene of scenes.toSorted((left, right) => left.atMs - right.atMs)) {
    clock.goTo(Math.min(scene.atMs, endMs))
    await scene.play(stage)
  }
  await whenDurable()
  clock.goTo(endMs)
}

/** Somebody asks right before the present, so that the clock of record has no gap to jump over. */
function lastWord(endMs: number): Scene {
  const play = async (stage: Stage): Promise<void> => {
    const [house] = demoHouses
    const person = house?.people.find(({ isLively }) => isLively === true)
    if (house === undefined || person === undefined) return
    const scope = { customerId: house.customerId, memberId: person.memberId }
    await ask(stage, { scope, model: person.models[0] })
  }
  return { atMs: endMs - 40_000, play }
}

/** Whoever tries the printed key finds a little history, and its session and week as good as new. */
function demoMemberDays(span: { readonly fromMs: number; readonly endMs: number }): Scene[] {
  const scope = { customerId: demoCustomerId, memberId: demoMemberId }
  const scenes: Scene[] = []
  for (const daysAgo of [22, 17, 16, 10, 9]) {
    for (const minutes of [0, 4, 11]) {
      const atMs = Math.floor(span.endMs / dayMs - daysAgo) * dayMs + (600 + minutes) * 60_000
      const model = 'claude-sonnet-5-5'
      if (atMs > span.fromMs) scenes.push({ atMs, play: (stage) => ask(stage, { scope, model }) })
    }
  }
  return scenes
}
