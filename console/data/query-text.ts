/** A query of the API from filters; what is empty is left out. */
export function queryText(values: Readonly<Record<string, string | number | null>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && value !== '') query.set(name, String(value))
  }
  return query.toString()
}

/** What a field for day and time says, in the reader's zone, as UTC milliseconds; empty where it says nothing. */
export function momentText(local: string): string {
  const atMs = new Date(local).getTime()
  return local === '' || Number.isNaN(atMs) ? '' : String(atMs)
}
