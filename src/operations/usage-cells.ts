import type { HoldSource } from '../core/account.ts'
import { absorbedNanos } from '../core/settle.ts'
import type { Entry } from '../core/entry.ts'
import type { Nanos } from '../core/money.ts'
import { toolMeters, tokenMeters, type Usage } from '../core/usage.ts'

/**
 * What was used, in cells of a quarter of an hour: every zone's hours and days begin on one, so that any of them
 * is a sum of whole cells. A request counts at the moment of its settle, which is when history and bill count it.
 */
export const cellMs = 15 * 60 * 1000

export type UsageSum = {
  readonly requests: number
  readonly usage: Usage
  readonly costNanos: Nanos
  /** Taken from the wallet: what extra usage paid. */
  readonly chargedNanos: Nanos
  /** Cost of extra usage that the operator absorbed. */
  readonly overrunNanos: Nanos
}

export type UsageCell = UsageSum & {
  readonly startMs: number
  readonly model: string
  readonly source: HoldSource
}

export const emptySum: UsageSum = {
  requests: 0,
  usage: {},
  costNanos: 0n,
  chargedNanos: 0n,
  overrunNanos: 0n,
}

export function addSums(left: UsageSum, right: UsageSum): UsageSum {
  const usage: { -readonly [Meter in keyof Usage]: Usage[Meter] } = { ...left.usage }
  for (const meter of [...tokenMeters, ...toolMeters]) {
    const more = right.usage[meter]
    if (more !== undefined) usage[meter] = (usage[meter] ?? 0) + more
  }
  return {
    requests: left.requests + right.requests,
    usage,
    costNanos: left.costNanos + right.costNanos,
    chargedNanos: left.chargedNanos + right.chargedNanos,
    overrunNanos: left.overrunNanos + right.overrunNanos,
  }
}

export const cellStartMs = (atMs: number): number => Math.floor(atMs / cellMs) * cellMs

/** Cells by moment, model and source. */
export class UsageCells {
  readonly #cells = new Map<string, UsageCell>()

  get size(): number {
    return this.#cells.size
  }

  /** Entries of other kinds count nothing. */
  add({ body, atMs }: Pick<Entry, 'body' | 'atMs'>): void {
    if (body.kind !== 'settled') return
    const { model, source, usage, costNanos, chargedNanos } = body
    const overrunNanos = absorbedNanos(body)
    const startMs = cellStartMs(atMs)
    const key = `${startMs} ${source} ${model}`
    const sum = { requests: 1, usage, costNanos, chargedNanos, overrunNanos }
    const cell = addSums(this.#cells.get(key) ?? emptySum, sum)
    this.#cells.set(key, { startMs, model, source, ...cell })
  }

  /** Cells that begin in `[fromMs, toMs)`. */
  within({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }): UsageCell[] {
    const found: UsageCell[] = []
    for (const cell of this.#cells.values())
      if (cell.startMs >= fromMs && cell.startMs < toMs) found.push(cell)
    return found
  }
}
