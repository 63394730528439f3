import type { AccountOperation } from './account-history.ts'
import { AccountModel, carryOut, type AccountState } from './account-model.ts'
import type { AccountHistory, HistoryVerdict } from './check-history.ts'
import { foldFacts } from './fold-facts.ts'
import { statesAfter } from './linearize.ts'
import { smallestBadWindow } from './shrink.ts'
import { tellWindow } from './tell-window.ts'

/** So many steps of the model for what lies between two quiet moments, before the history is called undecided. */
const stepsMax = 20_000
/** A window is made smaller by many searches, each of which may take so many. */
const windowStepsMax = 2000
/** So many different states after a quiet moment are still followed. */
const statesMax = 8

/**
 * The same question as in `check-history.ts` for histories of thousands of operations with many quiet moments. One pass
 * in the order that is hinted at decides a sound history. Only when that fails are other orders tried, from one quiet
 * moment to the next.
 */
export function checkLongHistory(history: AccountHistory): HistoryVerdict {
  const { customer } = history
  const unexplained = firstUnexplained(history)
  if (unexplained === null) return { kind: 'linearizable', lines: [] }
  const model = new AccountModel(history)
  const found = firstBadPart(model, history)
  if (found === null) return { kind: 'linearizable', lines: [] }
  if (found === 'undecided') {
    const why = `more orders than may be tried; that of the journal ends before ${unexplained}`
    return { kind: 'undecided', lines: [`customer ${customer}: ${why}`] }
  }
  const { from, operations } = found
  const window = smallestBadWindow(model, from, { operations, stepsMax: windowStepsMax })
  const [first = '', ...rest] = tellWindow(model, window)
  return { kind: 'not_linearizable', lines: [`customer ${customer}: ${first}`, ...rest] }
}

/** After so many changes the facts are folded, so that going through them stays quick. */
const changesPerFold = 24

/** Null where the hints are an order that keeps real time and explains every answer; else where it ends to do so. */
function firstUnexplained(history: AccountHistory): string | null {
  const model = new AccountModel(history)
  const order = history.operations.toSorted((a, b) => rankOf(a) - rankOf(b))
  let books = model.books(history.begins)
  let [lastInvokedAt, folded] = [-Infinity, books.facts.length]
  for (const { id, call, answer, invokedAt, returnedAt } of order) {
    if (returnedAt < lastInvokedAt) return `${id}, which was over by then`
    lastInvokedAt = Math.max(lastInvokedAt, invokedAt)
    if (!carryOut(books, call, { answer, nowMs: call.nowMs ?? history.nowMs })) {
      return `${id}, a ${call.kind}`
    }
    if (books.facts.length < folded + changesPerFold) continue
    books = model.books(foldFacts(books))
    folded = books.facts.length
  }
  return null
}

const rankOf = ({ hint, returnedAt }: AccountOperation): number => hint ?? returnedAt

type BadPart = { readonly from: AccountState; readonly operations: readonly AccountOperation[] }

/** Goes from one quiet moment to the next with every state that the account can be in; null when all of it is explained. */
function firstBadPart(model: AccountModel, history: AccountHistory): BadPart | null | 'undecided' {
  let before: readonly AccountState[] = [model.state(history.begins)]
  let known: BadPart = { from: model.state(history.begins), operations: [] }
  for (const part of partsOf(history.operations)) {
    const after = new Map<string, AccountState>()
    for (const state of before) {
      const states = statesAfter(model, state, { operations: part, stepsMax })
      if (states === 'undecided') return states
      for (const [key, one] of states) after.set(key, one)
    }
    if (after.size > statesMax) return 'undecided'
    const operations = [...known.operations, ...part]
    if (after.size === 0) return { ...known, operations }
    before = [...after.values()]
    const [only] = before
    known =
      before.length === 1 && only !== undefined
        ? { from: only, operations: [] }
        : { ...known, operations }
  }
  return null
}

/** Everything of one part is over before anything of the next is asked. */
function partsOf(
  operations: readonly AccountOperation[],
): readonly (readonly AccountOperation[])[] {
  const parts: AccountOperation[][] = []
  let lastReturnedAt = -Infinity
  for (const one of operations.toSorted((a, b) => a.invokedAt - b.invokedAt)) {
    if (one.invokedAt > lastReturnedAt) parts.push([])
    parts.at(-1)?.push(one)
    lastReturnedAt = Math.max(lastReturnedAt, one.returnedAt)
  }
  return parts
}
