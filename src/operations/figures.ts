import type { Figures } from '../core/decision.ts'
import { figuresOf } from '../core/figures.ts'
import type { Changed, MemberScope } from '../storage/storage.ts'
import { includedGrantEntries } from './authorize.ts'
import type { Parts } from './parts.ts'

/** What is left for one member, at one journal position: the numbers that the gate itself decides on. */
export async function getFigures(parts: Parts, scope: MemberScope): Promise<Figures> {
  for (;;) {
    const figures = await parts.storage.update(
      scope,
      (account, context): Changed<Figures | null> => {
        const grants = includedGrantEntries(account, context)
        if (grants.length > 0) return { answer: null, entries: grants }
        return { answer: figuresOf(account, context), entries: [] }
      },
    )
    if (figures !== null) return figures
  }
}
