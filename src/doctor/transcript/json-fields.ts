/** Reading fields of records that anybody may have written: each is there in the right type, or absent. */
export type Fields = Readonly<Record<string, unknown>>

export const asFields = (value: unknown): Fields | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : undefined

/** The first of the names that holds a text; long ones are cut. */
export function textOf(
  fields: Fields | undefined,
  ...names: readonly string[]
): string | undefined {
  for (const name of names) {
    const value = fields?.[name]
    if (typeof value === 'string' && value !== '') return value.slice(0, textMax)
  }
  return undefined
}

export const textMax = 100_000

export function numberOf(
  fields: Fields | undefined,
  ...names: readonly string[]
): number | undefined {
  for (const name of names) {
    const value = fields?.[name]
    if (typeof value === 'number' && Number.isFinite(value)) return value
  }
  return undefined
}

export const isTrue = (fields: Fields, ...names: readonly string[]): boolean =>
  names.some((name) => fields[name] === true)

/** Seconds since 1970 of a moment that can be, as milliseconds. */
export function momentOf(seconds: number | undefined): number | undefined {
  return seconds !== undefined && seconds > 1_000_000_000 && seconds < 10_000_000_000
    ? seconds * 1000
    : undefined
}

/** The objects of a line. A writer that was cut off may have left two on one, or half of one. */
export function objectsIn(line: string): readonly Fields[] {
  const whole = parse(line)
  if (whole !== undefined) return [whole]
  if (!line.includes('}{')) return []
  return line.split(/(?<=\})(?=\{")/).flatMap((part): readonly Fields[] => {
    const found = parse(part)
    return found === undefined ? [] : [found]
  })
}

function parse(text: string): Fields | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    return asFields(JSON.parse(text))
  } catch {
    return undefined
  }
}
