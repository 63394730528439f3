/**
 * The text of a plans file as the form edits it. The form shows what it knows and leaves everything else in the text as
 * it is; whether a value is right is for the server's preview to say.
 */
type Fields = Readonly<Record<string, unknown>>

export type WrittenPlans = { readonly whole: Fields; readonly plans: readonly WrittenPlan[] }
export type WrittenPlan = { readonly id: string; readonly fields: Fields }

/** Null where the text is no JSON, or not the shape of a plans file. */
export function readPlans(text: string): WrittenPlans | null {
  let whole: unknown
  try {
    whole = JSON.parse(text)
  } catch {
    return null
  }
  if (!isFields(whole) || !isFields(whole['plans'])) return null
  const plans: WrittenPlan[] = []
  for (const [id, fields] of Object.entries(whole['plans'])) {
    if (!isFields(fields)) return null
    plans.push({ id, fields })
  }
  return { whole, plans }
}

export function writePlans(written: WrittenPlans, plans: readonly WrittenPlan[]): string {
  const named = Object.fromEntries(plans.map(({ id, fields }) => [id, fields]))
  return `${JSON.stringify({ ...written.whole, plans: named }, null, 2)}\n`
}

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A value as a field shows it; what is no text or number is not the form's to show. */
export const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''

/** The same fields with one changed; an empty value is left out. */
export function withField(fields: Fields, name: string, value: unknown): Fields {
  const next = { ...fields, [name]: value }
  if (value === '' || value === undefined) delete next[name]
  return next
}

/** Digits become the number that they write; anything else stays text, for the preview to name. */
export const asNumber = (text: string): number | string =>
  /^\d{1,15}$/.test(text) ? Number(text) : text

export type NamedFields = { readonly id: string; readonly fields: Fields }

/** The limits or the grants of a plan. One that is null takes a limit of the base away, and stays as it is. */
export const listOf = (fields: Fields, name: 'limits' | 'grants'): readonly NamedFields[] =>
  isFields(fields[name])
    ? Object.entries(fields[name]).map(([id, inner]) => ({
        id,
        fields: isFields(inner) ? inner : {},
      }))
    : []

export const withList = (
  fields: Fields,
  name: 'limits' | 'grants',
  list: readonly NamedFields[],
): Fields => ({
  ...fields,
  [name]: Object.fromEntries(list.map(({ id, fields: inner }) => [id, inner])),
})

/** A name that no other one has: "limit", "limit-2". */
export function freeName(wish: string, taken: readonly string[]): string {
  let name = wish
  for (let count = 2; taken.includes(name); count += 1) name = `${wish}-${count}`
  return name
}

export type Problems = readonly { readonly path: string; readonly message: string }[]

/** What is wrong with the field at this place, as the preview says it. */
export const problemAt = (problems: Problems, path: string): string | null =>
  problems.find((problem) => problem.path === path)?.message ?? null
