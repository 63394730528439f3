import type { Nanos } from '../../core/money.ts'
import { getFigures } from '../../operations/figures.ts'
import type { DemoHouse, DemoPerson } from './cast.ts'
import type { Chance } from './chance.ts'
import { ask, type Scene, type Stage } from './stage.ts'

/** When people of the demo world work, and how their limits come to stand where they stand at the end. */
const minuteMs = 60_000
const hourMs = 60 * minuteMs
export const dayMs = 24 * hourMs

/** Whoever has a mark is quiet before it is made, so that the session which shows it is a new one. */
const quietMs = 6 * hourMs

type Span = { readonly fromMs: number; readonly endMs: number }

/** What one person asks over the weeks, as it comes. */
export function workingDays(
  house: DemoHouse,
  person: DemoPerson,
  span: Span & { readonly chance: Chance },
): readonly Scene[] {
  const { chance, fromMs, endMs } = span
  const lastMs = endMs - (person.mark?.limitId === 'session' ? quietMs : 4 * minuteMs)
  const scope = { customerId: house.customerId, memberId: person.memberId }
  const scenes: Scene[] = []
  for (let dayStartMs = midnight(fromMs, house); dayStartMs < endMs; dayStartMs += dayMs) {
    const count = requestsOn(dayStartMs, { house, person, chance })
    let atMs = dayStartMs + chance.between(8 * 60, 10 * 60) * minuteMs
    for (let index = 0; index < count; index += 1) {
      // Most questions follow one another; now and then comes a meal or a meeting.
      atMs += (chance.next() < 0.25 ? chance.between(30, 110) : chance.between(1, 9)) * minuteMs
      atMs += chance.between(0, 59_999)
      if (atMs < fromMs || atMs > lastMs) continue
      const model = chance.oneOf(person.models)
      scenes.push({ atMs, play: (stage) => ask(stage, { scope, model }) })
    }
  }
  return scenes
}

const midnight = (atMs: number, { offsetHours }: DemoHouse): number =>
  Math.floor(atMs / dayMs) * dayMs - offsetHours * hourMs

function requestsOn(
  dayStartMs: number,
  { house, person, chance }: { house: DemoHouse; person: DemoPerson; chance: Chance },
): number {
  const weekday = new Date(dayStartMs + house.offsetHours * hourMs).getUTCDay()
  const isWeekend = weekday === 0 || weekday === 6
  const part = isWeekend ? (chance.next() < 0.2 ? 0.3 : 0) : 0.5 + chance.next() * 0.9
  return Math.round(person.requestsPerDay * part)
}

/** How many requests lead to a mark, and over what time. */
const sessionMark = { count: 8, overMs: 150 * minuteMs }
const longMark = { count: 60, overMs: 54 * hourMs }
const costMaxNanos: Nanos = 70_000_000n

/**
 * The last requests of a person bring one limit near its mark. Each takes its share of what is missing when its
 * moment comes, as far as the limits leave room: a week that has just begun is not filled by anybody.
 */
export function wayToMark(
  house: DemoHouse,
  person: DemoPerson,
  span: { readonly endMs: number; readonly chance: Chance },
): readonly Scene[] {
  const { mark } = person
  if (mark === undefined) return []
  const { endMs, chance } = span
  const { count, overMs } = mark.limitId === 'session' ? sessionMark : longMark
  const moments = Array.from({ length: count }, (_none, index) => {
    const shareMs = (overMs - 2 * minuteMs) / count
    return Math.floor(endMs - overMs + index * shareMs + chance.next() * shareMs * 0.8)
  }).filter((atMs) => mark.limitId === 'session' || isAwake(atMs, house))
  return moments.map((atMs, index) => ({
    atMs,
    play: (stage) => askTowards(stage, { house, person, stepsLeft: moments.length - index }),
  }))
}

const isAwake = (atMs: number, { offsetHours }: DemoHouse): boolean => {
  const hour = Math.floor((atMs / hourMs + offsetHours) % 24)
  return hour >= 7 && hour < 23
}

async function askTowards(
  stage: Stage,
  step: { readonly house: DemoHouse; readonly person: DemoPerson; readonly stepsLeft: number },
): Promise<void> {
  const { house, person, stepsLeft } = step
  const { mark } = person
  const scope = { customerId: house.customerId, memberId: person.memberId }
  const { limits } = await getFigures(stage.parts, scope)
  const aim = limits.find(({ limitId }) => limitId === mark?.limitId)
  if (mark === undefined || aim === undefined || aim.amount === null) return
  if (limits.some(({ used, amount }) => amount !== null && used >= amount)) return
  const missing = (aim.amount * BigInt(mark.percent)) / 100n - aim.used
  const share = missing / BigInt(stepsLeft)
  const isSession = aim.limitId === 'session'
  const costNanos = isSession || share < costMaxNanos ? share : costMaxNanos
  if (costNanos < 1_000_000n) return
  await ask(stage, { scope, model: person.models[0], costNanos })
}
