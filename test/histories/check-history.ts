import type { AccountOperation } from './account-history.ts'
import { AccountModel, type AccountTerms } from './account-model.ts'
import type { FoldedFact } from './fold-facts.ts'
import { linearize, type Search } from './linearize.ts'
import { smallestBadWindow } from './shrink.ts'
import { tellWindow } from './tell-window.ts'

/** What was recorded of one customer, and what was true of it before. */
export type AccountHistory = AccountTerms & {
  readonly customer: string
  readonly begins: readonly FoldedFact[]
  readonly operations: readonly AccountOperation[]
}

export type HistoryVerdict = {
  readonly kind: 'linearizable' | 'not_linearizable' | 'undecided'
  /** The smallest bad window, as lines for a person; empty unless there is one. */
  readonly lines: readonly string[]
}

/** Whether everybody was told the truth about one customer, all at once. Customers are independent of each other. */
export function checkHistory(history: AccountHistory, search: Search = {}): HistoryVerdict {
  const model = new AccountModel(history)
  const { operations, customer } = history
  const begins = model.state(history.begins)
  const { kind } = linearize(model, begins, { operations, ...search })
  if (kind === 'linearizable') return { kind, lines: [] }
  if (kind === 'undecided') {
    return { kind, lines: [`customer ${customer}: more orders than the search may try`] }
  }
  const window = smallestBadWindow(model, begins, { operations, ...search })
  const [first = '', ...rest] = tellWindow(model, window)
  return { kind, lines: [`customer ${customer}: ${first}`, ...rest] }
}
