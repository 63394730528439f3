import type { UnreadableAnswer } from '../admin/contract/customers.ts'
import type { CommandContext } from './command-line.ts'
import { commandText } from './command-text.ts'
import { paint, safeText, wrap } from './terminal.ts'

/** A list with what stands under it: which accounts could not be read, and what to run. */
export function withUnreadable(
  { terminal, settings }: CommandContext,
  list: string,
  unreadable: readonly UnreadableAnswer[],
): string {
  if (unreadable.length === 0) return list
  const lines = unreadable.map(({ id, name, damagedPosition }) => {
    const who = name === null || name === id ? id : `${id} (${safeText(name)})`
    const words = `The books of ${who} cannot be read: entry ${damagedPosition} of the journal is damaged.`
    return paint(terminal, 'red', wrap(words, terminal.columns))
  })
  const next = `Everybody else is served. Run ${commandText(settings, 'health')}: it says what to do.`
  return [list.trimEnd(), '', ...lines, wrap(next, terminal.columns), ''].join('\n')
}
