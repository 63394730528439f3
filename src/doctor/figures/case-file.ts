import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  moneyNames,
  windowNames,
  type Figure,
  type MoneyName,
  type WindowName,
} from '../verdict/evidence.ts'
import { asFields, numberOf, objectsIn, textOf, type Fields } from '../transcript/json-fields.ts'

/**
 * The figures of the last look, kept for `doctor --after`. In the doctor's own folder, which only this user can
 * read: no prompts, no keys, no paths.
 */
export type KeptCase = {
  readonly atMs: number
  readonly verdict: string
  readonly message: string | undefined
  readonly figures: readonly Figure[]
}

/** The last look with figures, and the last refusal that was told where no transcript holds it. */
export type CaseKind = 'look' | 'told'

const fileNames = { look: 'last-look.json', told: 'last-told.json' } as const
const bytesMax = 256 * 1024

export function keepCase(folder: string, kept: KeptCase, kind: CaseKind = 'look'): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  // A folder that was there before may be open to others.
  chmodSync(folder, 0o700)
  const path = join(folder, fileNames[kind])
  const text = JSON.stringify({ version: 1, ...kept }, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
  writeFileSync(`${path}.new`, `${text}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

export const forgetTold = (folder: string): void =>
  rmSync(join(folder, fileNames.told), { force: true })

/** Undefined where nothing is kept, or what is kept cannot be read. */
export function readCase(folder: string, kind: CaseKind = 'look'): KeptCase | undefined {
  let text: string
  try {
    text = readFileSync(join(folder, fileNames[kind]), 'utf8')
  } catch {
    return undefined
  }
  const fields = objectsIn(text.slice(0, bytesMax).trim())[0]
  const atMs = numberOf(fields, 'atMs')
  if (fields === undefined || atMs === undefined) return undefined
  const figures: readonly unknown[] = Array.isArray(fields['figures']) ? fields['figures'] : []
  return {
    atMs,
    verdict: textOf(fields, 'verdict') ?? 'unknown',
    message: textOf(fields, 'message'),
    figures: figures.flatMap((figure) => figureOf(asFields(figure)) ?? []),
  }
}

function figureOf(fields: Fields | undefined): Figure | undefined {
  const source = asFields(fields?.['source'])
  const atMs = numberOf(fields, 'atMs')
  const kind = textOf(source, 'kind')
  const name = textOf(fields, 'name')
  if (fields === undefined || atMs === undefined) return undefined
  if (kind !== 'official' && kind !== 'person') return undefined
  const origin = { source: { kind, what: textOf(source, 'what') ?? '' }, atMs } as const
  const usedPercent = numberOf(fields, 'usedPercent')
  if (windowNames.some((each) => each === name) && usedPercent !== undefined) {
    const resetsAtMs = numberOf(fields, 'resetsAtMs')
    return { name: name as WindowName, usedPercent, resetsAtMs, ...origin }
  }
  if (moneyNames.some((each) => each === name)) {
    const digits = textOf(fields, 'amountNanos')
    const isAmount = digits !== undefined && /^-?\d{1,20}$/.test(digits)
    const amountNanos = isAmount ? BigInt(digits) : undefined
    if (amountNanos === undefined && name !== 'cap') return undefined
    return {
      name: name as MoneyName,
      amountNanos,
      symbol: textOf(fields, 'symbol') ?? '$',
      ...origin,
    }
  }
  const isOn = fields['isOn']
  return name === 'extra_usage' && typeof isOn === 'boolean' ? { name, isOn, ...origin } : undefined
}
