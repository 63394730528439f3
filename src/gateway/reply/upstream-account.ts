import type { AccountTrouble } from '../../providers/anthropic-account.ts'
import type { Clock } from '../../system/clock.ts'
import type { Logger } from '../../system/logger.ts'
import type { KeyState, UpstreamKey, UpstreamKeys } from './upstream-keys.ts'

/** What the upstream has been like since this process started, for whoever looks after it. In memory only. */
export type UpstreamHealth = {
  readonly keys: readonly KeyState[]
  /** Answers about the operator's own account: credential, billing, quota. */
  readonly accountFailureCount: number
  readonly lastAccountFailure: {
    readonly kind: AccountTrouble['kind']
    readonly keyPlace: number
    readonly status: number
    readonly wallMs: number
  } | null
  /** The last word about the account was a failure: no key has had a good answer since. */
  readonly isAccountTroubled: boolean
  /** Connections that failed before or within an answer. */
  readonly brokenCount: number
  /** Requests that were given up by their callers before the upstream said anything. */
  readonly abandonedCount: number
  /** What those would have cost by their expected input, in nanos: nobody was charged. */
  readonly abandonedNanos: bigint
  /** Answers from a model that was not asked for, and whose price is higher or unknown. */
  readonly otherModelCount: number
  readonly connections: { readonly running: number; readonly waiting: number; readonly max: number }
}

export interface UpstreamAccount {
  readonly keys: UpstreamKeys
  failed(key: UpstreamKey, failure: AccountFailure): void
  works(key: UpstreamKey, sinceMs: number): void
  countBroken(): void
  countAbandoned(expectedNanos: bigint): void
  countOtherModel(): void
  health(): Omit<UpstreamHealth, 'connections'>
}

export type AccountFailure = {
  readonly trouble: AccountTrouble
  readonly status: number
  readonly retryAfterMs: number | null
  /** The upstream's own words, for the log; they name no prompt. */
  readonly text: string
}

/** The first of a kind is told at once; while it goes on, or comes back, again after a minute, two, four, up to an hour. */
const repeatFirstMs = 60_000
const repeatMaxMs = 3_600_000
/** Of the upstream's words about the operator's account. */
const textCharsMax = 500

type Told = { nextMs: number; pauseMs: number; unsaid: number }

export function createUpstreamAccount(
  keys: UpstreamKeys,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): UpstreamAccount {
  const told = new Map<string, Told>()
  const counts = { account: 0, broken: 0, abandoned: 0, abandonedNanos: 0n, otherModel: 0 }
  let last: UpstreamHealth['lastAccountFailure'] = null
  let failedAtMs: number | null = null
  let isAlerted = false

  const alert = (kind: string, fields: Parameters<Logger['error']>[1]): void => {
    const nowMs = clock.elapsedMs()
    const known = told.get(kind)
    // After a pause as long as the last one, it is news again.
    const isOld = known !== undefined && nowMs >= known.nextMs + known.pauseMs
    const before = isOld ? undefined : known
    if (before !== undefined && nowMs < before.nextMs) {
      before.unsaid += 1
      return
    }
    const pauseMs = before === undefined ? repeatFirstMs : Math.min(before.pauseMs * 2, repeatMaxMs)
    told.set(kind, { nextMs: nowMs + pauseMs, pauseMs, unsaid: 0 })
    isAlerted = true
    logger.error('upstream account', { ...fields, kind, repeated: known?.unsaid ?? 0 })
  }

  return {
    keys,
    failed(key, { trouble, status, retryAfterMs, text }) {
      const { kind, isWhole } = trouble
      counts.account += 1
      last = { kind, keyPlace: key.place, status, wallMs: clock.wallMs() }
      if (isWhole) {
        failedAtMs = clock.elapsedMs()
        keys.pause(key, { kind: 'trouble', why: kind, retryAfterMs })
      }
      alert(kind, { status, upstreamKey: key.place, body: text.slice(0, textCharsMax) })
    },
    works(key, sinceMs) {
      keys.works(key, sinceMs)
      if (failedAtMs === null || sinceMs < failedAtMs) return
      failedAtMs = null
      if (!isAlerted) return
      isAlerted = false
      logger.info('upstream account works', { upstreamKey: key.place })
    },
    countBroken: () => {
      counts.broken += 1
    },
    countAbandoned: (expectedNanos) => {
      counts.abandoned += 1
      counts.abandonedNanos += expectedNanos
    },
    countOtherModel: () => {
      counts.otherModel += 1
    },
    health: () => ({
      keys: keys.states(),
      accountFailureCount: counts.account,
      lastAccountFailure: last,
      isAccountTroubled: failedAtMs !== null,
      brokenCount: counts.broken,
      abandonedCount: counts.abandoned,
      abandonedNanos: counts.abandonedNanos,
      otherModelCount: counts.otherModel,
    }),
  }
}
