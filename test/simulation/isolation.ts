import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { memoryFolder } from '../faults/memory-folder.ts'
import { BrokenRules } from './faults/broken-rules.ts'
import { meetSharedFate } from './faults/shared-fate.ts'
import { untilQuiet } from './engine/quiet.ts'
import { stillMixOf } from './mix.ts'
import { beginLives } from './people/begin-lives.ts'
import { openCast } from './people/cast.ts'
import type { Reply } from './people/client.ts'
import { writeRequest } from './people/llm-caller.ts'
import { models } from './plans.ts'
import { World } from './world.ts'

/** What somebody was told, without what is drawn by chance or counts everybody's entries: ids and positions. */
type Told = ReadonlyMap<string, string>

export type Isolation = {
  readonly compared: number
  readonly differences: readonly string[]
  /** So often the first customer came into quarantine. */
  readonly quarantines: number
  /** What struck in both worlds. */
  readonly fates: Readonly<Record<string, number>>
}

export type IsolationRun = {
  readonly seed: number
  readonly simulatedMs: number
  /** About so often something strikes everybody; never where it is left out. */
  readonly fateEveryMs?: number
  /** About so often a rule breaks for the first customer, where it is there. */
  readonly brokenEveryMs?: number
}

/**
 * The same world twice: once with everybody, once without the first customer. The others must be told the same, to
 * the nano and to the millisecond.
 */
export async function compareWithout(run: IsolationRun): Promise<Isolation> {
  const { told: all, fates, quarantines } = await tellAll(run, null)
  const { told: others } = await tellAll(run, 'c1')
  const differences: string[] = []
  for (const [luck, told] of others) {
    const before = all.get(luck)
    if (before !== told) differences.push(`${luck}: ${before} with c1, ${told} without`)
  }
  const missing = [...all.keys()].filter((luck) => !luck.includes('-c1-') && !others.has(luck))
  for (const luck of missing) differences.push(`${luck}: told with c1 only`)
  return { compared: others.size, differences, fates, quarantines }
}

async function tellAll(
  { seed, simulatedMs, fateEveryMs, brokenEveryMs }: IsolationRun,
  without: string | null,
): Promise<Pick<Isolation, 'fates' | 'quarantines'> & { readonly told: Told }> {
  const root = memoryFolder('isolation')
  const told = new Map<string, string>()
  const world = new World(stillMixOf(seed), { root: join(root, 'world') })
  world.onReply.add((_member, { luck }, reply) => {
    told.set(luck, `${world.timeline.nowMs} ${summaryOf(reply)}`)
  })
  try {
    world.servers.start()
    await world.until(askForEachModel(world))
    beginLives(world, without)
    const counts =
      fateEveryMs === undefined
        ? null
        : meetSharedFate(world, world.chance.fork('fate'), fateEveryMs)
    const brokenRules = new BrokenRules(world)
    if (brokenEveryMs !== undefined && without === null) {
      void breakForFirst(world, brokenRules, brokenEveryMs)
    }
    const beganMs = world.timeline.nowMs
    // Nobody asks anything while the machine sleeps.
    const leftMs = (): number =>
      beganMs + simulatedMs + world.timeline.sleptMs - world.timeline.nowMs
    while (leftMs() > 0) await world.pass(leftMs())
    const [violation] = world.violations
    if (violation !== undefined) throw new Error(violation)
    const { count: quarantines } = brokenRules
    return { told, fates: Object.fromEntries(counts ?? []), quarantines }
  } finally {
    world.servers.end()
    await untilQuiet()
    rmSync(root, { recursive: true, force: true })
  }
}

/** The first customer comes into quarantine and out of it, again and again, between what everybody else does. */
async function breakForFirst(world: World, rules: BrokenRules, everyMs: number): Promise<void> {
  const { timeline, customers } = world
  const chance = world.chance.fork('breaks for the first')
  const pause = (name: string): Promise<void> =>
    new Promise((resolve) => {
      timeline.betweenMoments(chance.wait(everyMs), { kind: 'fault', name }, resolve)
    })
  for (;;) {
    await pause('a rule breaks')
    await rules.strike(customers.filter(({ customerId }) => customerId === 'c1'))
    await pause('has the journal verified')
    await rules.lift()
  }
}

/** The first request for a model has its price published, which may change the order of those that come at once. */
async function askForEachModel(world: World): Promise<void> {
  const operator = world.operator('opens-first')
  const { members } = await openCast(operator, 'first', {
    chance: world.chance.fork('first'),
    wallets: 'usual',
  })
  const [key] = members[0]?.keys ?? []
  if (key === undefined) throw new Error('The first customer has no key')
  for (const model of models) {
    const size = { maxTokens: 16, isStream: false, words: 5 }
    const manners = { isForbiddingExtraUsage: false, isBearer: false }
    const asking = writeRequest({ luck: `first-${model}`, model, ...size, ...manners }, key.keyText)
    await world.client('gateway', `first-${model}`).ask(asking)
  }
}

const drawnNames = /^(x-plimsoll-(decision|position)|request-id|date)$/

function summaryOf(reply: Reply): string {
  if (reply.kind !== 'answer') return reply.kind
  const { status, headers, body, isWhole } = reply
  const own = [...headers].filter(
    ([name]) => name.startsWith('x-plimsoll') && !drawnNames.test(name),
  )
  const code = /"error_code":"(\w+)"/.exec(body)?.[1] ?? ''
  const figures = /"limits":\[.*?\]/.exec(body)?.[0] ?? ''
  const rest = /"extra_usage_reason".*?"remedies"/.exec(body)?.[0] ?? ''
  return JSON.stringify([status, isWhole, code, figures, rest, own])
}
