import type { Meter, ServiceMarks, Usage } from '../core/usage.ts'
import { isRecord } from './anthropic-request.ts'

/**
 * The usage that an upstream reports, piece by piece, as the meters of a bill. A report is a claim by
 * somebody else: a figure that is not a whole number within bounds is left out, and the fault is kept, so
 * that nothing is ever charged or refunded on the strength of it (O8).
 */
export type UsageBook = {
  /**
   * Takes one `usage` object. Figures are cumulative, so a later one replaces an earlier one, and one that is
   * lower than the same report said before is a mistake. A first report never replaces a last one.
   */
  add(usage: unknown, report: Report): void
  addFault(fault: string): void
  usage(): Usage
  marks(): ServiceMarks
  faults(): readonly string[]
  /** Whether input was reported, believably, and output in a last report. */
  hasReport(): boolean
  /** Figures above zero and ways of serving that no price here knows. */
  unpriced(): readonly string[]
  /** Thinking tokens inside the output, where the upstream tells them apart. */
  thinkingTokens(): number | null
}

/** The first report of a message says its input; the last ones, what it came to. */
export type Report = 'first' | 'last'

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
  const first: Figures = new Map()
  const last: Figures = new Map()
  const unpriced = new Set<string>()
  let apart: Usage = {}

  const addFault = (fault: string): void => {
    if (faults.size < faultsMax) faults.add(fault)
  }

  return {
    add(usage, report) {
      if (!isRecord(usage)) {
        addFault('usage is not an object')
        return
      }
      readFigures(
        usage,
        report === 'last' ? { figures, same: last } : { figures, same: first, last },
        addFault,
      )
      for (const kind of unpricedKinds(usage)) if (unpriced.size < unpricedMax) unpriced.add(kind)
      for (const field of markFields) {
        const value = usage[field]
        const isMark = typeof value === 'string' && markPattern.test(value)
        if (isMark && knownMarks[field].includes(value)) marks.set(field, value)
      }
      const iterations = usage['iterations']
      if (Array.isArray(iterations)) apart = sumApart(iterations, addFault)
    },
    addFault,
    usage: () => sum(usageOf(figures), apart),
    marks: () => [...marks].map(([field, value]) => `${field}:${value}`),
    faults: () => [...faults],
    hasReport: () => figures.has('input_tokens') && last.has('output_tokens'),
    unpriced: () => [...unpriced],
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

type Books = {
  readonly figures: Figures
  /** What reports of the same kind said, which must not go down. */
  readonly same?: Figures
  /** What the last reports said, which a first one does not replace. */
  readonly last?: Figures
}

function readFigures(usage: Fields, books: Books, addFault: (fault: string) => void): void {
  const { figures, same, last } = books
  const read = (from: unknown, field: string, max: number): void => {
    const value = isRecord(from) ? from[field] : undefined
    if (value === undefined || value === null) return
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max) {
      if (value < (same?.get(field) ?? 0)) return addFault(`${field} went down`)
      same?.set(field, value)
      if (last?.has(field) !== true) figures.set(field, value)
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

const unpricedMax = 8
const kindPattern = /^[a-z0-9_]{1,40}$/
/** What figures stand in a `usage` object and in the objects within it. */
const knownFigures: Readonly<Record<string, readonly string[]>> = {
  '': tokenFields,
  server_tool_use: requestFields,
  cache_creation: ['ephemeral_5m_input_tokens', 'ephemeral_1h_input_tokens'],
}
/**
 * Ways of serving whose price is known; `servingMultipliers` has those that change it. No request that is
 * answered at once is a batch: a reply that says so is told, and not believed to be half the price.
 */
const knownMarks: Readonly<Record<(typeof markFields)[number], readonly string[]>> = {
  service_tier: ['standard', 'priority'],
  speed: ['standard', 'fast'],
  inference_geo: ['global', 'us', 'not_available'],
}

/**
 * What this book has no meter for. It cannot be charged: whether such a figure is new or already inside
 * another one, only its vendor knows. It is told, so that it is not free in silence.
 */
function unpricedKinds(usage: Fields): readonly string[] {
  const kinds: string[] = []
  for (const [place, known] of Object.entries(knownFigures)) {
    const fields = place === '' ? usage : usage[place]
    if (!isRecord(fields)) continue
    for (const [field, value] of Object.entries(fields)) {
      const isFigure = typeof value === 'number' && value > 0 && !known.includes(field)
      if (isFigure && kindPattern.test(field)) kinds.push(field)
    }
  }
  for (const field of markFields) {
    const value = usage[field]
    const isStrange = typeof value === 'string' && !knownMarks[field].includes(value)
    if (isStrange && markPattern.test(value)) kinds.push(`${field}:${value}`)
  }
  return kinds
}

function sumApart(iterations: readonly unknown[], addFault: (fault: string) => void): Usage {
  let total: Usage = {}
  for (const iteration of iterations) {
    if (!isRecord(iteration) || !apartIterations.has(iteration['type'])) continue
    const figures: Figures = new Map()
    readFigures(iteration, { figures }, addFault)
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
