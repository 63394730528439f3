import type { HoldSource } from '../../src/core/account.ts'
import type { Answer, CallOf } from './account-history.ts'

/** What one client did and heard, with its moments on one monotonic clock: the raw history of one customer. */
export type Recorded = {
  readonly id: string
  readonly process: string
  readonly asked: Asked
  readonly invokedAt: number
  /** Which life of the server it was sent to; for a command that was repeated, the first. */
  readonly boot: number
  readonly told: Told | 'unknown'
  /** Infinity where nothing came back. */
  readonly returnedAt: number
}

export type Asked =
  /** `marker` is in the request's facts, so that its hold can be told from others in the journal. */
  | {
      readonly kind: 'request'
      readonly member: string
      readonly key: string
      readonly marker: number
    }
  | { readonly kind: 'command'; readonly key: string; readonly call: CommandCall }
  | { readonly kind: 'figures'; readonly member: string }
  | { readonly kind: 'overview' }
  /** Somebody looked until a request had ended. */
  | { readonly kind: 'end'; readonly hold: string }
/** What an administrator can order. */
export type CommandCall = CallOf<
  | 'top_up'
  | 'switch'
  | 'cap'
  | 'status'
  | 'except'
  | 'seat'
  | 'credit'
  | 'auto_reload'
  | 'order'
  | 'revoke'
>

/** The answer, and the journal position that it names, as a hint. */
export type Told = { readonly position: number | null } & (
  | { readonly kind: 'allowed'; readonly hold: string; readonly source: HoldSource }
  | {
      readonly kind: 'denied'
      readonly denial: Extract<Answer, { kind: 'denied' }>
      readonly neededNanos: bigint | null
    }
  | { readonly kind: 'answer'; readonly answer: Answer }
)

export type Pending = {
  ok(told: Told): void
  /** It certainly changed nothing: it never left, or was refused as a whole. */
  fail(): void
  /** It may have taken effect, at any later point, or never. */
  unknown(): void
}

export class HistoryRecorder {
  readonly recorded: Recorded[] = []
  readonly #nowMs: () => number
  #count = 0
  /** Raised whenever another life of the server begins. */
  boot = 0

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** Somebody was told that this key is good no more. */
  isUnknown(key: string): boolean {
    return this.recorded.some(
      ({ asked, told }) =>
        asked.kind === 'request' &&
        asked.key === key &&
        told !== 'unknown' &&
        told.kind === 'answer' &&
        told.answer.kind === 'unknown_key',
    )
  }

  invoke(process: string, asked: Asked): Pending {
    const begun = { id: `#${(this.#count += 1)}`, process, asked, boot: this.boot }
    const invokedAt = this.#nowMs()
    const note = (told: Recorded['told'], returnedAt: number): void =>
      void this.recorded.push({ ...begun, invokedAt, told, returnedAt })
    return {
      ok: (told) => note(told, this.#nowMs()),
      fail: () => undefined,
      unknown: () => note('unknown', Infinity),
    }
  }
}
