import type { Clock } from '../../system/clock.ts'
import type { UpstreamCredential } from './forward-headers.ts'

/**
 * The operator's keys to the upstream: the first is used while it works, the next while it pauses. One
 * order for all requests keeps everybody's prompt cache where it is. A pause is a preference and never a
 * refusal: when all keys pause, the one that is due first is asked all the same, so that nobody is turned
 * away on something remembered. Keys are named by their place; nothing here shows a secret.
 */
export type UpstreamKey = { readonly place: number; readonly credential: UpstreamCredential }

export type KeyState = {
  /** 1 is the first key that the operator gave. */
  readonly place: number
  readonly isPausing: boolean
  readonly pauseMs: number
  /** Why it paused last; null while it works. */
  readonly why: string | null
}

export interface UpstreamKeys {
  readonly count: number
  /** The key for the next attempt, or undefined when none is worth another one. */
  pick(triedPlaces: ReadonlySet<number>): UpstreamKey | undefined
  /** `trouble` doubles with each repeat; `pace` is a pause that the upstream asked for. */
  pause(key: UpstreamKey, pause: Pause): void
  /** A request that began at that moment got a good answer. */
  works(key: UpstreamKey, sinceMs: number): void
  /** How long until the first key is due again; null while one is ready. */
  dueInMs(): number | null
  states(): readonly KeyState[]
}

export type Pause = {
  readonly kind: 'trouble' | 'pace'
  readonly why: string
  readonly retryAfterMs: number | null
}

export const upstreamKeysMax = 8
const pauseMinMs = 1000
const troublePauseFirstMs = 30_000
const troublePauseMaxMs = 600_000
const pacePauseMs = 5000
const pacePauseMaxMs = 60_000
/** An upstream may ask for a longer pause after trouble, up to this. */
const askedPauseMaxMs = 3_600_000

type Kept = UpstreamKey & {
  dueMs: number
  pausedAtMs: number
  failures: number
  why: string | null
}

export function createUpstreamKeys(
  { keys, authStyle }: { readonly keys: readonly string[] } & Pick<UpstreamCredential, 'authStyle'>,
  clock: Clock,
): UpstreamKeys {
  const kept = keys.slice(0, upstreamKeysMax).map((key, index): Kept => ({
    place: index + 1,
    credential: { key, authStyle },
    dueMs: 0,
    pausedAtMs: 0,
    failures: 0,
    why: null,
  }))
  if (kept.length === 0) throw new Error('An upstream needs a key, if only an empty one')
  const keptOf = ({ place }: UpstreamKey): Kept | undefined => kept[place - 1]
  const readyAt = (nowMs: number): readonly Kept[] => kept.filter((key) => key.dueMs <= nowMs)
  const firstDue = (): Kept | undefined => kept.toSorted((a, b) => a.dueMs - b.dueMs)[0]

  return {
    count: kept.length,
    pick(tried) {
      const ready = readyAt(clock.elapsedMs()).find((key) => !tried.has(key.place))
      return ready ?? (tried.size === 0 ? firstDue() : undefined)
    },
    pause(key, { kind, why, retryAfterMs }) {
      const paused = keptOf(key)
      if (paused === undefined) return
      const nowMs = clock.elapsedMs()
      // Requests that ran side by side meet the same trouble: together they are one failure.
      if (kind === 'trouble' && paused.dueMs <= nowMs) paused.failures += 1
      const pauseMs = pauseOf({ kind, retryAfterMs, failures: paused.failures })
      paused.dueMs = Math.max(paused.dueMs, nowMs + pauseMs)
      paused.pausedAtMs = nowMs
      paused.why = why
    },
    works(key, sinceMs) {
      const working = keptOf(key)
      if (working === undefined || working.why === null || sinceMs < working.pausedAtMs) return
      Object.assign(working, { dueMs: 0, failures: 0, why: null })
    },
    dueInMs() {
      const nowMs = clock.elapsedMs()
      const dueMs = firstDue()?.dueMs ?? nowMs
      return dueMs <= nowMs ? null : dueMs - nowMs
    },
    states() {
      const nowMs = clock.elapsedMs()
      return kept.map(({ place, dueMs, why }) => ({
        place,
        isPausing: dueMs > nowMs,
        pauseMs: Math.max(0, Math.ceil(dueMs - nowMs)),
        why,
      }))
    },
  }
}

function pauseOf(pause: {
  readonly kind: Pause['kind']
  readonly retryAfterMs: number | null
  readonly failures: number
}): number {
  const { kind, retryAfterMs, failures } = pause
  if (kind === 'pace') return within(retryAfterMs ?? pacePauseMs, pacePauseMaxMs)
  const grownMs = Math.min(troublePauseFirstMs * 2 ** Math.max(0, failures - 1), troublePauseMaxMs)
  return within(Math.max(grownMs, retryAfterMs ?? 0), askedPauseMaxMs)
}

const within = (ms: number, maxMs: number): number => Math.min(Math.max(ms, pauseMinMs), maxMs)
