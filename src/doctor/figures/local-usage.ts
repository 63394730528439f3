import { statSync } from 'node:fs'
import { nanosPerUnit, type Nanos } from '../../core/money.ts'
import type { Machine } from '../state-folder.ts'
import { configFolders } from '../transcript/claude-folders.ts'
import { findTranscripts } from '../transcript/find-transcripts.ts'
import { asFields, numberOf, objectsIn, textOf, type Fields } from '../transcript/json-fields.ts'
import { linesFromEnd } from '../transcript/lines-from-end.ts'

/**
 * What this machine's transcripts say was used. It is an estimate of use and nothing more: other machines and the
 * service's own pages draw on the same limits, and nobody outside knows how large those are. No verdict looks at it.
 */
export type LocalUsage = {
  /** False where the bounds of reading were met: then it is at least so much. */
  readonly isWhole: boolean
  readonly spans: readonly UsageSpan[]
  /** The client's own count of sessions that began within the longer span; null where it keeps none. */
  readonly sessions: { readonly count: number; readonly costNanos: Nanos } | null
}

export type UsageSpan = {
  readonly hours: number
  readonly requests: number
  readonly tokens: Tokens
  readonly models: readonly { readonly model: string; readonly requests: number }[]
}

export type Tokens = Readonly<Record<TokenKind, number>>
type TokenKind = 'input' | 'output' | 'cacheWrite' | 'cacheRead'

const fields = [
  ['input', 'input_tokens'],
  ['output', 'output_tokens'],
  ['cacheWrite', 'cache_creation_input_tokens'],
  ['cacheRead', 'cache_read_input_tokens'],
] as const satisfies readonly (readonly [TokenKind, string])[]

const spanHours = [5, 7 * 24] as const
const hourMs = 60 * 60 * 1000
const fileBytesMax = 4 * 1024 * 1024
const bytesMaxDefault = 24 * 1024 * 1024
const requestsMax = 200_000
const tokensMax = 1_000_000_000
const costUsdMax = 1_000_000

type Request = { readonly atMs: number; readonly model: string; readonly tokens: Tokens }

export function localUsage(
  machine: Machine,
  { nowMs, bytesMax = bytesMaxDefault }: { readonly nowMs: number; readonly bytesMax?: number },
): LocalUsage {
  const sinceMs = nowMs - Math.max(...spanHours) * hourMs
  const { transcripts, isCutOff } = findTranscripts(configFolders(machine))
  const reader = new UsageReader({ sinceMs, nowMs, bytesLeft: bytesMax })
  for (const { path } of transcripts.filter(({ writtenAtMs }) => writtenAtMs >= sinceMs)) {
    reader.read(path)
  }
  return {
    isWhole: reader.isWhole && !isCutOff,
    spans: spanHours.map((hours) => spanOf(reader.requests, { hours, nowMs })),
    sessions: reader.sessions(),
  }
}

class UsageReader {
  readonly #sinceMs: number
  readonly #nowMs: number
  #bytesLeft: number
  readonly #requests = new Map<string, Request>()
  readonly #costs = new Map<string, Nanos>()
  isWhole = true

  constructor(bounds: { sinceMs: number; nowMs: number; bytesLeft: number }) {
    this.#sinceMs = bounds.sinceMs
    this.#nowMs = bounds.nowMs
    this.#bytesLeft = bounds.bytesLeft
  }

  get requests(): readonly Request[] {
    return [...this.#requests.values()]
  }

  sessions(): LocalUsage['sessions'] {
    if (this.#costs.size === 0) return null
    const costNanos = [...this.#costs.values()].reduce((sum, cost) => sum + cost, 0n)
    return { count: this.#costs.size, costNanos }
  }

  /** From the end, until records are older than what is asked for. */
  read(path: string): void {
    try {
      const { size } = statSync(path)
      const bytesMax = Math.min(fileBytesMax, this.#bytesLeft, size)
      let bytes = 0
      for (const line of linesFromEnd(path, { bytesMax })) {
        bytes += line.length + 1
        if (this.#readLine(line) !== 'older') continue
        this.#bytesLeft -= bytes
        return
      }
      this.#bytesLeft -= bytesMax
      if (bytesMax < size) this.isWhole = false
    } catch {
      this.isWhole = false
    }
  }

  #readLine(line: string): 'older' | undefined {
    const isCost = line.includes('"cost-state"')
    if (!isCost && !(line.includes('"usage"') && line.includes('"assistant"'))) return undefined
    for (const record of objectsIn(line)) {
      if (record['type'] === 'cost-state') this.#addCost(record)
      if (record['type'] === 'assistant' && this.#addRequest(record) === 'older') return 'older'
    }
    return undefined
  }

  /** One answer is written once for each of its blocks, and again where a session was copied. */
  #addRequest(record: Fields): 'older' | undefined {
    const atMs = Date.parse(textOf(record, 'timestamp') ?? '')
    const message = asFields(record['message'])
    const usage = asFields(message?.['usage'])
    const [id, model] = [textOf(message, 'id'), textOf(message, 'model')]
    if (!Number.isFinite(atMs) || atMs > this.#nowMs || usage === undefined) return undefined
    if (atMs < this.#sinceMs) return 'older'
    if (id === undefined || model === undefined || model === '<synthetic>') return undefined
    const key = `${id} ${textOf(record, 'requestId') ?? ''}`
    if (this.#requests.size >= requestsMax) this.isWhole = false
    else if (!this.#requests.has(key)) {
      this.#requests.set(key, { atMs, model: model.slice(0, 80), tokens: tokensOf(usage) })
    }
    return undefined
  }

  #addCost(record: Fields): void {
    const id = textOf(record, 'sessionId')
    const startMs = numberOf(record, 'startTime')
    const costUsd = numberOf(record, 'totalCostUSD')
    if (id === undefined || startMs === undefined || costUsd === undefined) return
    const isWithin = startMs >= this.#sinceMs && startMs <= this.#nowMs
    if (!isWithin || costUsd < 0 || costUsd > costUsdMax || this.#costs.has(id)) return
    this.#costs.set(id, BigInt(Math.round(costUsd * Number(nanosPerUnit))))
  }
}

function tokensOf(usage: Fields): Tokens {
  const counted = fields.map(([kind, name]) => {
    const count = numberOf(usage, name) ?? 0
    return [kind, Number.isSafeInteger(count) && count >= 0 && count <= tokensMax ? count : 0]
  })
  return Object.fromEntries(counted) as Tokens
}

function spanOf(
  requests: readonly Request[],
  { hours, nowMs }: { readonly hours: number; readonly nowMs: number },
): UsageSpan {
  const within = requests.filter(({ atMs }) => atMs > nowMs - hours * hourMs)
  const tokens = { input: 0, output: 0, cacheWrite: 0, cacheRead: 0 }
  const models = new Map<string, number>()
  for (const request of within) {
    for (const [kind] of fields) tokens[kind] += request.tokens[kind]
    models.set(request.model, (models.get(request.model) ?? 0) + 1)
  }
  const byUse = [...models].map(([model, count]) => ({ model, requests: count }))
  byUse.sort((left, right) => right.requests - left.requests)
  return { hours, requests: within.length, tokens, models: byUse }
}
