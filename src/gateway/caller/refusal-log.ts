import type { Clock } from '../../system/clock.ts'
import type { Logger } from '../../system/logger.ts'

/**
 * Refusals before any decision cost their sender nothing, so a flood of them must not become a flood of log
 * lines: of each kind a few lines in a minute are written, the rest counted and told in one line.
 */
export interface RefusalLog {
  /** Counts it, and says whether it gets a line of its own. */
  note(kind: RefusalKind, from: string): boolean
  /** Of the minute that runs and the one before it, for the server's check-up. */
  counts(): Readonly<Record<RefusalKind, number>>
  /** Tells what is counted and not told yet. */
  close(): void
}

export const refusalKinds = [
  'unknown_key',
  'too_fast',
  'unmetered_path',
  'invalid_request',
  'body_too_large',
  'no_room',
  'stopping',
  'malformed',
] as const
export type RefusalKind = (typeof refusalKinds)[number]

export const isRefusalKind = (outcome: unknown): outcome is RefusalKind =>
  refusalKinds.some((kind) => kind === outcome)

const minuteMs = 60_000
const linesPerMinute = 20
/** Of where they come from, so many are told apart; the rest is counted together. */
const sourcesMax = 200
const sourcesTold = 5

type Minute = { counts: Record<RefusalKind, number>; readonly sources: Map<string, number> }

export function createRefusalLog(logger: Logger, clock: Clock): RefusalLog {
  let current = emptyMinute()
  let before = emptyMinute()
  let cancelTimer: (() => void) | null = null

  const turn = (): void => {
    tell(logger, current)
    const isQuiet = total(current) === 0
    before = current
    current = emptyMinute()
    cancelTimer = isQuiet ? null : clock.after(minuteMs, turn)
  }

  return {
    note(kind, from) {
      cancelTimer ??= clock.after(minuteMs, turn)
      current.counts[kind] += 1
      countSource(current.sources, from)
      return current.counts[kind] <= linesPerMinute
    },
    counts() {
      const sums = emptyMinute().counts
      for (const kind of refusalKinds) sums[kind] = current.counts[kind] + before.counts[kind]
      return sums
    },
    close() {
      cancelTimer?.()
      cancelTimer = null
      tell(logger, current)
      current = emptyMinute()
    },
  }
}

const emptyMinute = (): Minute => ({
  counts: {
    unknown_key: 0,
    too_fast: 0,
    unmetered_path: 0,
    invalid_request: 0,
    body_too_large: 0,
    no_room: 0,
    stopping: 0,
    malformed: 0,
  },
  sources: new Map(),
})

const total = ({ counts }: Minute): number =>
  refusalKinds.reduce((sum, kind) => sum + counts[kind], 0)

const elsewhere = 'others'

function countSource(sources: Map<string, number>, from: string): void {
  const name = sources.has(from) || sources.size < sourcesMax ? from : elsewhere
  sources.set(name, (sources.get(name) ?? 0) + 1)
}

function tell(logger: Logger, { counts, sources }: Minute): void {
  const flooding = refusalKinds.filter((kind) => counts[kind] > linesPerMinute)
  if (flooding.length === 0) return
  const fields: Record<string, number | string> = {}
  for (const kind of flooding) fields[kind] = counts[kind]
  const told = [...sources].sort(([, a], [, b]) => b - a).slice(0, sourcesTold)
  fields['from'] = told.map(([name, count]) => `${name} (${count})`).join(', ')
  logger.warn('many refusals in a minute, not logged one by one', fields)
}
