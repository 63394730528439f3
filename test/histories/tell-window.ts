import type { AccountOperation, Answer, Call } from './account-history.ts'
import type { AccountModel, AccountState } from './account-model.ts'
import type { BadWindow } from './shrink.ts'

/** A bad window as lines for a person: what was known before, what was done, and the answer that nothing explains. */
export function tellWindow(
  model: AccountModel,
  window: BadWindow<AccountState, Call, Answer>,
): readonly string[] {
  const { after, before, operations, culprit } = window
  const beginsAt = operations[0]?.invokedAt ?? 0
  return [
    `no order of these ${operations.length} operations explains the answer to ${culprit.id}`,
    ...after.map((one) => `  after ${tellOperation(one, beginsAt)}`),
    ...before.map((state) => `  the account is ${tellState(model, state)}`),
    ...operations.map((one) => `  ${tellOperation(one, beginsAt)}`),
  ]
}

function tellState(model: AccountModel, state: AccountState): string {
  const { nowMs } = model.terms
  const books = model.books(state.facts)
  const { members, ...overview } = {
    ...books.overview(nowMs),
    members: [
      ...new Set(books.facts.flatMap((fact) => (fact.kind === 'seated' ? fact.member : []))),
    ],
  }
  const limits = members.map((member) => `${member} ${short(books.limitsTold(member, nowMs))}`)
  const open = books.openHolds(null).map(({ hold }) => hold)
  return [short(overview), ...limits, `open holds ${short(open)}`].join('; ')
}

function tellOperation(one: AccountOperation, beginsAt: number): string {
  const { id, process, call, answer, invokedAt, returnedAt, isCertain } = one
  const from = (invokedAt - beginsAt).toFixed(1)
  const to = returnedAt === Infinity ? 'never seen' : `${(returnedAt - beginsAt).toFixed(1)} ms`
  const told = answer === undefined ? (isCertain ? 'done' : 'unknown') : short(answer)
  return `${id} ${process} [${from} to ${to}] ${short(withoutFacts(call))} -> ${told}`
}

/** What a request was about says little beside what it held. */
function withoutFacts(call: Call): object {
  if (call.kind !== 'request') return call
  const { facts, ...rest } = call
  return { ...rest, consent: facts.consent }
}

const short = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? Number(part) : part))
    .replaceAll('"', '')
    .replaceAll(',', ', ')
