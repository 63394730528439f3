import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Why a mutant may survive: one sentence for each group of them, by key. A test cannot tell these from the core, or only
 * by the words of a message that people read.
 */
export type Explained = ReadonlyMap<string, string>

type Group = { readonly why: string; readonly mutants: readonly string[] }

export function readExplained(): Explained {
  const text = readFileSync(join(import.meta.dirname, 'explained.json'), 'utf8')
  const groups: readonly Group[] = JSON.parse(text)
  return new Map(groups.flatMap(({ why, mutants }) => mutants.map((key) => [key, why] as const)))
}
