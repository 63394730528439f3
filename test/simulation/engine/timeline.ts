import { createHash } from 'node:crypto'

/** What happens in the simulated world; each kind but `housekeeping` and `look` is a step. */
export const stepKinds = ['network', 'caller', 'administrator', 'timer', 'disk', 'fault'] as const
export type StepKind = (typeof stepKinds)[number]
/**
 * `housekeeping` are the storage's own short timers, which ring all day long; `look` are the simulator's own. Neither
 * is counted: a quiet night is not a million steps.
 */
export type EventKind = StepKind | 'housekeeping' | 'look'

type TimelineEvent = {
  readonly atMs: number
  readonly order: number
  readonly kind: EventKind
  readonly name: string
  run: (() => void) | null
}

/**
 * The time of the simulated world, and everything that will happen in it. Nothing happens by itself: whoever drives
 * the simulation takes one event after another, the earliest first, and of two at one moment the older one.
 */
export class Timeline {
  readonly #heap: TimelineEvent[] = []
  readonly #digest = createHash('sha256')
  readonly counts = new Map<EventKind, number>()
  #order = 0
  #nowMs = 0
  steps = 0
  /** So long the machine slept all in all. */
  sleptMs = 0
  readonly #sleeps: { readonly ms: number; readonly endMs: number }[] = []
  readonly #isWhole: boolean

  /** With whole milliseconds, sums of times do not depend on how often somebody reads a clock. */
  constructor({ isWhole }: { readonly isWhole: boolean }) {
    this.#isWhole = isWhole
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** The answer keeps it from happening. */
  after(delayMs: number, what: { kind: EventKind; name: string }, run: () => void): () => void {
    const atMs = this.#nowMs + Math.max(0, delayMs)
    return this.#at(this.#isWhole ? Math.ceil(atMs) : atMs, what, run)
  }

  /** As above, halfway between two whole milliseconds. Where time goes by whole ones nothing else happens then. */
  betweenMoments(delayMs: number, what: { kind: EventKind; name: string }, run: () => void): void {
    this.#at(Math.floor(this.#nowMs + Math.max(0, delayMs)) + 0.5, what, run)
  }

  #at(atMs: number, what: { kind: EventKind; name: string }, run: () => void): () => void {
    const event: TimelineEvent = { atMs, order: (this.#order += 1), ...what, run }
    this.#push(event)
    return () => void (event.run = null)
  }

  sleep(delayMs: number, what: { kind: EventKind; name: string }): Promise<void> {
    return new Promise((resolve) => void this.after(delayMs, what, resolve))
  }

  /** The machine sleeps: what was due meanwhile happens afterwards. */
  pass(ms: number): void {
    this.#nowMs += ms
    this.sleptMs += ms
    this.#sleeps.push({ ms, endMs: this.#nowMs })
  }

  /** So long it slept while it was last awake for so long: a slow disk can meet one sleep after another. */
  sleptWithin(awakeMs: number): number {
    let [leftMs, untilMs, sleptMs] = [awakeMs, this.#nowMs, 0]
    for (const { ms, endMs } of this.#sleeps.toReversed()) {
      leftMs -= untilMs - endMs
      if (leftMs <= 0) break
      sleptMs += ms
      untilMs = endMs - ms
    }
    return sleptMs
  }

  /** Takes the next event; false when there is none. */
  next(): boolean {
    for (;;) {
      const event = this.#pop()
      if (event === undefined) return false
      const { run } = event
      if (run === null) continue
      this.#nowMs = Math.max(this.#nowMs, event.atMs)
      this.#count(event)
      run()
      return true
    }
  }

  /** Goes into the digest of everything that happened. */
  note(text: string | Buffer): void {
    this.#digest.update(text)
  }

  digest(): string {
    return this.#digest.copy().digest('hex').slice(0, 32)
  }

  #count({ kind, name }: TimelineEvent): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
    if (kind === 'look') return
    this.#digest.update(`${this.#nowMs} ${kind} ${name}\n`)
    if (kind !== 'housekeeping') this.steps += 1
  }

  #push(event: TimelineEvent): void {
    const heap = this.#heap
    let at = heap.push(event) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      const other = heap[above]
      if (other === undefined || !isBefore(event, other)) break
      heap[at] = other
      at = above
    }
    heap[at] = event
  }

  #pop(): TimelineEvent | undefined {
    const heap = this.#heap
    const [first] = heap
    const last = heap.pop()
    if (last === undefined || first === last) return first
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      const [left, right] = [heap[below], heap[below + 1]]
      if (left === undefined) break
      let child = left
      if (right !== undefined && isBefore(right, left)) {
        child = right
        below += 1
      }
      if (!isBefore(child, last)) break
      heap[at] = child
      at = below
    }
    heap[at] = last
    return first
  }
}

const isBefore = (left: TimelineEvent, right: TimelineEvent): boolean =>
  left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order)
