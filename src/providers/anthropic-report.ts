import type { Meter, ServiceMarks, Usage } from '../core/usage.ts'
import { isRecord } from './anthropic-request.ts'

/**
 * The usage that an upstream reports, piece by piece, as the meters of a bill. A report is a claim by
 * somebody else: a figure that is not a whole number within bounds is left out, and the fault is kept, so
 * that nothing is ever charged or refunded on the strength of it (O8).
 */
export type UsageBook = {
  /** Takes one `usage` object. Figures are cumulative, so a later one replaces an earlier one. */
  add(usage: unknown): void
  addFault(fault: string): void
  usage(): Usage
  marks(): ServiceMarks
  faults(): readonly string[]
  /** Whether input and output were both reported, believably, at least once. */
  hasReport(): boolean
  /** Thinking tokens inside the output, where the upstream tells them apart. */
  thinkingTokens(): number | null
}

/** Five times what the largest context and answer add up to in a long tool loop; more is a mistake. */
export const usageTokensMax = 50_000_000
const usageRequestsMax = 10_000
const faultsMax = 16

/** Whose tokens stand in `iterations` alone, and not in the sums beside it. */
const apartIterations: ReadonlySet<unknown> = new Set(['compaction', 'advisor_message'])

/** What changes the price of the same tokens; see `servingMultipliers`. */
const markFields = ['service_tier', 'speed', 'inference_geo'] as const
const markPattern = /^[a-z0-9_-]{1,32}$/

type Fields = Readonly<Record<string, unknown>>
type Figures = Map<string, number>

export function createUsageBook(): UsageBook {
  const figures: Figures = new Map()
  const marks = new Map<string, string>()
  const faults = new Set<string>()
  let apart: Usage = {}

  const addFault = (fault: string): void => {
    if (faults.size < faultsMax) faults.add(fault)
  }

  return {
    add(usage) {
      if (!isRecord(usage)) {
        addFault('usage is not an object')
        return
      }
      readFigures(usage, figures, addFault)
      for (const field of markFields) {
        const value = usage[field]
        if (typeof value === 'string' && markPattern.test(value)) marks.set(field, value)
      }
      const iterations = usage['iterations']
      if (Array.isArray(iterations)) apart = sumApart(iterations, addFault)
    },
    addFault,
    usage: () => sum(usageOf(figures), apart),
    marks: () => [...marks].map(([field, value]) => `${field}:${value}`),
    faults: () => [...faults],
    hasReport: () => figures.has('input_tokens') && figures.has('output_tokens'),
    thinkingTokens: () => figures.get('thinking_tokens') ?? null,
  }
}

const tokenFields = [
  'input_tokens',
  'output_tokens',
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
] as const
const requestFields = [
  'web_search_requests',
  'web_fetch_requests',
  'code_execution_requests',
] as const

function readFigures(usage: Fields, figures: Figures, addFault: (fault: string) => void): void {
  const read = (from: unknown, field: string, max: number): void => {
    const value = isRecord(from) ? from[field] : undefined
    if (value === undefined || value === null) return
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max) {
      figures.set(field, value)
    } else {
      addFault(`${field} is not a whole number from 0 to ${max}`)
    }
  }
  for (const field of tokenFields) read(usage, field, usageTokensMax)
  for (const field of requestFields) read(usage['server_tool_use'], field, usageRequestsMax)
  read(usage['cache_creation'], 'ephemeral_5m_input_tokens', usageTokensMax)
  read(usage['cache_creation'], 'ephemeral_1h_input_tokens', usageTokensMax)
  read(usage['output_tokens_details'], 'thinking_tokens', usageTokensMax)
  const split = splitOf(figures)
  const total = figures.get('cache_creation_input_tokens')
  if (total !== undefined && total < split.write5m + split.write1h) {
    addFault('cache_creation adds up to more than cache_creation_input_tokens')
  }
}

function splitOf(figures: Figures): { readonly write5m: number; readonly write1h: number } {
  return {
    write5m: figures.get('ephemeral_5m_input_tokens') ?? 0,
    write1h: figures.get('ephemeral_1h_input_tokens') ?? 0,
  }
}

function usageOf(figures: Figures): Usage {
  const usage: { [M in Meter]?: number } = {}
  const input = figures.get('input_tokens')
  const output = figures.get('output_tokens')
  if (input !== undefined) usage.input = input
  if (output !== undefined) usage.output = output
  // An absent meter counts zero, so zeros of the rarer ones need not be written down.
  const copy = (meter: Meter, field: string): void => {
    const value = figures.get(field) ?? 0
    if (value > 0) usage[meter] = value
  }
  copy('cache_read', 'cache_read_input_tokens')
  copy('web_search', 'web_search_requests')
  copy('web_fetch', 'web_fetch_requests')
  copy('code_execution', 'code_execution_requests')
  // What the split does not name was kept for five minutes, the default of the API.
  const { write5m, write1h } = splitOf(figures)
  const total = figures.get('cache_creation_input_tokens') ?? write5m + write1h
  const shortTokens = Math.max(write5m, total - write1h)
  if (shortTokens > 0) usage.cache_write_5m = shortTokens
  if (write1h > 0) usage.cache_write_1h = write1h
  return usage
}

function sumApart(iterations: readonly unknown[], addFault: (fault: string) => void): Usage {
  let total: Usage = {}
  for (const iteration of iterations) {
    if (!isRecord(iteration) || !apartIterations.has(iteration['type'])) continue
    const figures: Figures = new Map()
    readFigures(iteration, figures, addFault)
    total = sum(total, usageOf(figures))
  }
  return total
}

function sum(left: Usage, right: Usage): Usage {
  const total: { [M in Meter]?: number } = { ...left }
  for (const [meter, quantity] of Object.entries(right)) {
    total[meter as Meter] = (total[meter as Meter] ?? 0) + quantity
  }
  return total
}
