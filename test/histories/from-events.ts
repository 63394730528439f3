import type { HistoryEvent } from '../simulation/history-log.ts'
import type { Operation } from './operation.ts'

/** What a call and its answer mean to the model they are held against; null for what the model does not know. */
export type ReadEvents<Call, Answer> = (
  asked: HistoryEvent['facts'],
  /** Undefined where nobody was told. */
  told: HistoryEvent['facts'] | undefined,
) => { readonly call: Call; readonly answer: Answer | undefined } | null

/**
 * The log of a simulated world as operations that can be checked. The order of its events is their time: the simulated
 * clock stands still while much happens. What failed for certain did nothing; what nobody was told may come at any
 * later point, or never.
 */
export function operationsFrom<Call, Answer>(
  events: readonly HistoryEvent[],
  read: ReadEvents<Call, Answer>,
): readonly Operation<Call, Answer>[] {
  const ends = new Map(
    events.filter(({ kind }) => kind !== 'invoke').map((event) => [event.call, event]),
  )
  return events.flatMap((event) => {
    const { kind, call, process, facts, index } = event
    if (kind !== 'invoke') return []
    const end = ends.get(call)
    if (end?.kind === 'fail') return []
    const isCertain = end?.kind === 'ok'
    const meant = read(facts, isCertain ? end.facts : undefined)
    if (meant === null) return []
    const returnedAt = isCertain ? end.index : Infinity
    return { id: `#${call}`, process, ...meant, invokedAt: index, returnedAt, isCertain }
  })
}
