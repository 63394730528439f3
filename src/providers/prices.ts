import { priceId } from '../core/ids.ts'
import {
  tokenMeters,
  toolMeters,
  type Meter,
  type Price,
  type Rate,
  type ServiceMarks,
} from '../core/usage.ts'
import type { PriceOverrides } from './price-overrides.ts'
import { publishedModels, servingMultipliers } from './price-published.ts'
import {
  missingCacheRates,
  snapshotModels,
  type ListedModel,
  type Rates,
  type RatesVersion,
} from './price-source.ts'

/**
 * What a request costs, by the names in it. Sources in this order: the operator's file, prices published
 * after the package's snapshot, the snapshot. A model that none of them knows is refused, or priced at the
 * dearest known rates, as the operator declared; it is never free (O10).
 */
export type UnpricedPolicy = 'refuse' | 'ceiling'

/** A request may name further models that can serve it (fallbacks, advisors): it is priced as the dearest. */
export type PricedRequest = {
  readonly model: string
  readonly otherModels?: readonly string[]
  readonly marks?: ServiceMarks
}

export type PriceBook = {
  /** Undefined for a model without a price, where the policy is to refuse. */
  priceOf(request: PricedRequest, atMs: number): Price | undefined
  /** Names of the models that have a price of their own. */
  modelNames(atMs: number): readonly string[]
}

export type PriceBookOptions = {
  /** A strong hash of a text, as hexadecimal digits. */
  readonly digest: (text: string) => string
  readonly unpriced: UnpricedPolicy
  readonly overrides?: PriceOverrides
}

type Known = { readonly name: string; readonly version: RatesVersion }

/** Callers choose model names, so what is remembered by name is bounded. */
const rememberedMax = 2000

export function createPriceBook(options: PriceBookOptions): PriceBook {
  const sources = [...(options.overrides ?? []), ...publishedModels, ...snapshotModels()]
  const changesMs = sources.flatMap((model) => model.versions.map((version) => version.sinceMs))
  const remembered = new Map<string, Price | undefined>()

  /** Prices change at known moments only; between two of them an answer stays. */
  const epochOf = (atMs: number): number => {
    let epochMs = 0
    for (const changeMs of changesMs) if (changeMs <= atMs && changeMs > epochMs) epochMs = changeMs
    return epochMs
  }

  const compute = (request: PricedRequest, atMs: number): Price | undefined => {
    const parts: Known[] = []
    for (const name of [request.model, ...(request.otherModels ?? [])]) {
      const known = findKnown(sources, name, atMs) ?? fallback(options.unpriced, sources, atMs)
      if (known === undefined) return undefined
      parts.push(known)
    }
    return buildPrice(parts, request.marks ?? [], options.digest)
  }

  return {
    priceOf(request, atMs) {
      const names = [request.model, ...(request.otherModels ?? []), ...(request.marks ?? [])]
      const key = `${epochOf(atMs)}\n${names.join('\n')}`
      if (remembered.has(key)) return remembered.get(key)
      const price = compute(request, atMs)
      if (remembered.size >= rememberedMax) remembered.clear()
      remembered.set(key, price)
      return price
    },
    modelNames(atMs) {
      const names = sources.filter((model) => versionAt(model, atMs) !== undefined)
      return [...new Set(names.map((model) => model.name))]
    },
  }
}

function findKnown(sources: readonly ListedModel[], name: string, atMs: number): Known | undefined {
  for (const model of sources) {
    if (!model.matches(name)) continue
    const version = versionAt(model, atMs)
    if (version !== undefined) return { name: model.name, version }
  }
  return undefined
}

function versionAt(model: ListedModel, atMs: number): RatesVersion | undefined {
  return model.versions.findLast((version) => version.sinceMs <= atMs)
}

function fallback(
  policy: UnpricedPolicy,
  sources: readonly ListedModel[],
  atMs: number,
): Known | undefined {
  if (policy === 'refuse') return undefined
  const versions = sources
    .map((model) => versionAt(model, atMs))
    .filter((found) => found !== undefined)
  const rates = dearestOf(versions.map((version) => version.rates))
  const source = 'ceiling: the dearest known rates'
  return { name: 'unpriced', version: { sinceMs: 0, rates, source } }
}

/** Each meter at its dearest, at every size of input. */
function dearestOf(all: readonly Rates[]): Rates {
  const dearest: { [M in Meter]?: readonly Rate[] } = {}
  for (const meter of [...tokenMeters, ...toolMeters]) {
    const lists = all.map((rates) => rates[meter] ?? []).filter((rates) => rates.length > 0)
    const steps = [...new Set(lists.flat().map((rate) => rate.aboveInputTokens))]
    const rates = steps
      .toSorted((left, right) => left - right)
      .map((aboveInputTokens) => ({
        aboveInputTokens,
        nanosPerMillion: lists
          .map((list) => rateAt(list, aboveInputTokens))
          .reduce((left, right) => (left > right ? left : right), 0n),
      }))
    if (rates.length > 0) dearest[meter] = rates
  }
  return { ...dearest, ...missingCacheRates(dearest.input ?? [], dearest) }
}

function rateAt(rates: readonly Rate[], aboveInputTokens: number): bigint {
  return rates.findLast((rate) => rate.aboveInputTokens <= aboveInputTokens)?.nanosPerMillion ?? 0n
}

function buildPrice(
  parts: readonly Known[],
  marks: ServiceMarks,
  digest: PriceBookOptions['digest'],
): Price {
  const names = [...new Set(parts.map((part) => part.name))]
  const [first] = parts
  const isOne = names.length === 1 && first !== undefined
  const base = isOne ? first.version.rates : dearestOf(parts.map((part) => part.version.rates))
  const asked = marks.filter((mark) => (servingMultipliers[mark] ?? 1000) > 1000).toSorted()
  const content = {
    model: [names.join('+'), ...asked].join(' '),
    source: [...new Set(parts.map((part) => part.version.source))].join('; '),
    rates: asked.reduce(
      (rates, mark) => atThousandths(rates, servingMultipliers[mark] ?? 1000),
      base,
    ),
    multipliers: multipliersAfter(asked),
  }
  const text = JSON.stringify(content, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
  return { id: priceId(`price_${digest(text).slice(0, 24)}`), ...content }
}

/** Token rates alone: a search costs the same however it was served. */
function atThousandths(rates: Rates, thousandths: number): Rates {
  const changed: { [M in Meter]?: readonly Rate[] } = { ...rates }
  for (const meter of tokenMeters) {
    const list = rates[meter]
    if (list === undefined) continue
    changed[meter] = list.map((rate) => ({
      ...rate,
      nanosPerMillion: (rate.nanosPerMillion * BigInt(thousandths)) / 1000n,
    }))
  }
  return changed
}

/**
 * A dearer way of serving that was asked for is inside the rates, so that the hold covers it. Its mark in
 * the reply must not count twice; a reply that says "standard" after all takes it back where that is exact.
 */
function multipliersAfter(asked: ServiceMarks): Record<string, number> {
  const multipliers: Record<string, number> = {}
  for (const [mark, thousandths] of Object.entries(servingMultipliers)) {
    if (!asked.includes(mark)) {
      multipliers[mark] = thousandths
      continue
    }
    const inverse = 1_000_000 / thousandths
    if (Number.isInteger(inverse)) multipliers[`${mark.split(':')[0]}:standard`] = inverse
  }
  return multipliers
}
