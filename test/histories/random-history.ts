import fc from 'fast-check'
import type { AccountOperation, Call } from './account-history.ts'
import type { AccountState } from './account-model.ts'
import type { FoldedFact } from './fold-facts.ts'
import { asking, opening, settling, truth } from './sample-account.ts'

/**
 * Histories that are linearizable for certain: each operation truly takes effect at one moment, one after another, and
 * is seen to begin before that and to end after it. Every amount is a multiple of ten.
 */
export type RandomHistory = {
  readonly begins: readonly FoldedFact[]
  readonly operations: readonly AccountOperation[]
}

const member = fc.constantFrom('ann', 'bob')
const who = fc.constantFrom('ann', 'bob', null)
const tens = fc.integer({ min: 1, max: 20 }).map((count) => count * 10)

type Make = (index: number, open: readonly string[]) => Call | null

const picked = (open: readonly string[], pick: number): string | undefined =>
  open[pick % Math.max(1, open.length)]

const step: fc.Arbitrary<Make> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ member, amount: tens }).map(
      ({ member: asker, amount }) =>
        (index: number) =>
          asking({ member: asker, hold: `hold-${index}`, amount: BigInt(amount) }),
    ),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({ pick: fc.nat({ max: 9 }), output: tens })
      .map(({ pick, output }) => (_: number, open: readonly string[]) => {
        const hold = picked(open, pick)
        return hold === undefined ? null : settling(hold, output)
      }),
  },
  fc.nat({ max: 9 }).map((pick) => (_: number, open: readonly string[]) => {
    const hold = picked(open, pick)
    return hold === undefined ? null : { kind: 'void' as const, hold }
  }),
  tens.map((amount) => (index: number) => ({
    kind: 'top_up' as const,
    grant: `grant-${index}`,
    amountNanos: BigInt(amount),
    priority: 50,
    expiresAtMs: null,
  })),
  fc
    .record({ member: who, isOn: fc.boolean() })
    .map((set) => () => ({ kind: 'switch' as const, ...set })),
  fc.record({ member: who, amount: tens }).map(({ member: capped, amount }) => () => {
    const cap = { kind: 'capped' as const, amountNanos: BigInt(amount) }
    return { kind: 'cap' as const, member: capped, cap }
  }),
  fc.constant(() => ({ kind: 'restart' as const })),
  {
    weight: 4,
    arbitrary: member.map((reader) => () => ({ kind: 'figures' as const, member: reader })),
  },
  { weight: 2, arbitrary: fc.constant(() => ({ kind: 'overview' as const })) },
)

const seen = fc.record({
  early: fc.nat({ max: 40 }),
  late: fc.nat({ max: 40 }),
  fate: fc.constantFrom(...Array<'answered'>(10).fill('answered'), 'never answered', 'lost'),
})

/** With `isConcurrent` operations overlap, and some are never answered, or never arrive. */
export function randomHistory({
  isConcurrent,
}: {
  readonly isConcurrent: boolean
}): fc.Arbitrary<RandomHistory> {
  const steps = fc.array(fc.tuple(step, seen), { minLength: 1, maxLength: 25, size: 'max' })
  return fc.record({ wallet: tens, steps }).map(({ wallet, steps: drawn }) => {
    const begins = opening(BigInt(wallet) * 5n)
    const operations: AccountOperation[] = []
    let state: AccountState = begins
    for (const [index, [make, { early, late, fate }]] of drawn.entries()) {
      const open = openIn(state)
      const call = make(index, open)
      const told = call === null ? null : truth(state, call)
      if (told === null) continue
      const at = 10 * index
      const who = { id: `#${index}`, process: `p${index % 4}` }
      const isSeen = fate === 'answered' || !isConcurrent || call?.kind === 'restart'
      const when = isConcurrent
        ? { invokedAt: at - early, returnedAt: at + late }
        : { invokedAt: at, returnedAt: at + 5 }
      if (isSeen) {
        operations.push({ ...who, ...when, call: told.call, answer: told.answer, isCertain: true })
      } else {
        const unknown = { answer: undefined, returnedAt: Infinity, isCertain: false }
        operations.push({ ...who, ...when, call: told.call, ...unknown })
      }
      if (isSeen || fate === 'never answered') state = told.state
    }
    return { begins: begins.facts, operations }
  })
}

const openIn = ({ facts }: AccountState): readonly string[] => {
  const ended = new Set(
    facts.flatMap((fact) => (fact.kind === 'ended' || fact.kind === 'settled' ? fact.hold : [])),
  )
  return facts.flatMap((fact) => (fact.kind === 'held' && !ended.has(fact.hold) ? fact.hold : []))
}
