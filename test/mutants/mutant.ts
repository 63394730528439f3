import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/**
 * A mutant is a bug that real systems in this field have had, put back into these sources on purpose. A suite
 * that still passes with it would let that bug in; one that fails with it would not. Each stands in a file of
 * its own under `patches/`:
 *
 *   row: D6                                  the scenario that it breaks (docs/scenarios.md)
 *   bug: One sentence.
 *   killers: test/rules/windows.test.ts      test files of which one must fail, separated by spaces
 *   in: src/core/window.ts
 *   <<<<
 *   text that stands there exactly once
 *   ====
 *   text in its place
 *   >>>>
 *
 * There may be several changes, each with its `in:`.
 */
export type Mutant = {
  readonly id: string
  readonly row: string
  readonly bug: string
  readonly killers: readonly string[]
  readonly changes: readonly Change[]
}

export type Change = { readonly path: string; readonly find: string; readonly put: string }

export const root = join(import.meta.dirname, '..', '..')
const patches = join(import.meta.dirname, 'patches')

/** A patch that is not written as it should be, or whose text is not in the sources any more. */
export class MutantError extends Error {
  readonly code = 'mutant_does_not_apply'
}

export function readMutants(): readonly Mutant[] {
  return globSync('*.mutant', { cwd: patches })
    .sort()
    .map((name) =>
      parseMutant(basename(name, '.mutant'), readFileSync(join(patches, name), 'utf8')),
    )
}

const changePattern = /^in: (\S+)\n<<<<\n([\s\S]*?)\n====\n(?:([\s\S]*?)\n)??>>>>\n/gm

export function parseMutant(id: string, text: string): Mutant {
  const head = /^row: (\S+)\nbug: (.+\.)\nkillers: (.+)\n/.exec(text)
  const changes = [...text.matchAll(changePattern)].map(
    ([, path = '', find = '', put = '']): Change => ({ path, find, put }),
  )
  const rest = text.slice(head?.[0].length ?? 0).replaceAll(changePattern, '')
  if (head === null || changes.length === 0 || rest.trim() !== '') {
    throw new MutantError(`${id}: not written as test/mutants/mutant.ts says`)
  }
  const [, row = '', bug = '', killers = ''] = head
  return { id, row, bug, killers: killers.split(' '), changes }
}

/** The sources that a mutant changes, as they are with it. `read` answers the text of a source. */
export function mutate(
  mutant: Mutant,
  read: (path: string) => string,
): ReadonlyMap<string, string> {
  const changed = new Map<string, string>()
  for (const { path, find, put } of mutant.changes) {
    const text = changed.get(path) ?? read(path)
    const [before, after, ...more] = text.split(find)
    if (before === undefined || after === undefined || more.length > 0) {
      const times = text.split(find).length - 1
      throw new MutantError(`${mutant.id}: its text stands ${times} times in ${path}, not once`)
    }
    if (find === put) throw new MutantError(`${mutant.id}: it changes nothing in ${path}`)
    changed.set(path, before + put + after)
  }
  return changed
}

export const readSource = (path: string): string => readFileSync(join(root, path), 'utf8')
