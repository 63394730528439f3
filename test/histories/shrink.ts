import { linearize, statesAfter, type Search } from './linearize.ts'
import type { Operation, SequentialModel } from './operation.ts'

/** What is left of a history that has no order: as little as still has none. */
export type BadWindow<State, Call, Answer> = {
  /** The last that were over before it; all that came before them is in `before`. */
  readonly after: readonly Operation<Call, Answer>[]
  /** What the account was before these; several where the operations before leave it open. */
  readonly before: readonly State[]
  /** By the moment at which they were asked. */
  readonly operations: readonly Operation<Call, Answer>[]
  /** Up to its return an order can be found; with its answer there is none. */
  readonly culprit: Operation<Call, Answer>
}

/**
 * Makes a bad history small, by steps that never make a good one bad: time ends early, whoever only looked is left
 * out, what somebody was told is forgotten, and what came before a quiet moment becomes the state that it left.
 */
export function smallestBadWindow<State, Call, Answer>(
  model: SequentialModel<State, Call, Answer>,
  from: State,
  history: { readonly operations: readonly Operation<Call, Answer>[] } & Search,
): BadWindow<State, Call, Answer> {
  const search = history.stepsMax === undefined ? {} : { stepsMax: history.stepsMax }
  const isBad = (operations: readonly Operation<Call, Answer>[]): boolean =>
    linearize(model, from, { operations, ...search }).kind === 'not_linearizable'
  const { cut, culprit } = endEarly(history.operations, isBad)
  const isLook = (one: Operation<Call, Answer>): boolean =>
    one !== culprit && model.isObservation(one.call, one.answer)
  const active = without(cut, isLook, isBad)
  const mayForget = (one: Operation<Call, Answer>): boolean =>
    one.id !== culprit.id && one.answer !== undefined && !model.isObservation(one.call, one.answer)
  const told = forgetAnswers(active, mayForget, isBad)
  return beginLate(model, from, { operations: told, culprit, ...search })
}

/** The history as it was known when these had returned: what had not may still come, or not. */
function knownAfter<Call, Answer>(
  operations: readonly Operation<Call, Answer>[],
  returned: readonly Operation<Call, Answer>[],
): Operation<Call, Answer>[] {
  const known = new Set(returned)
  const atMs = Math.max(...returned.map(({ returnedAt }) => returnedAt))
  return operations
    .filter(({ invokedAt }) => invokedAt <= atMs)
    .map((one) =>
      known.has(one) ? one : { ...one, answer: undefined, returnedAt: Infinity, isCertain: false },
    )
}

type IsBad<Call, Answer> = (operations: readonly Operation<Call, Answer>[]) => boolean

function endEarly<Call, Answer>(
  operations: readonly Operation<Call, Answer>[],
  isBad: IsBad<Call, Answer>,
): { cut: readonly Operation<Call, Answer>[]; culprit: Operation<Call, Answer> } {
  const returned = operations
    .filter(({ returnedAt }) => returnedAt < Infinity)
    .toSorted((a, b) => a.returnedAt - b.returnedAt)
  let [low, high] = [0, returned.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBad(knownAfter(operations, returned.slice(0, middle + 1)))) high = middle
    else low = middle + 1
  }
  const culprit = returned[high]
  if (culprit === undefined) throw new Error('A bad history has an answer that is wrong')
  return { cut: knownAfter(operations, returned.slice(0, high + 1)), culprit }
}

/** Leaves out as many of those that may be left out as it can. */
function without<Call, Answer>(
  operations: readonly Operation<Call, Answer>[],
  mayGo: (one: Operation<Call, Answer>) => boolean,
  isBad: IsBad<Call, Answer>,
): readonly Operation<Call, Answer>[] {
  const going = operations.filter(mayGo).map(({ id }) => id)
  const rest = (ids: ReadonlySet<string>): readonly Operation<Call, Answer>[] =>
    operations.filter(({ id }) => !ids.has(id))
  return rest(asManyAsCan(going, (ids) => isBad(rest(ids))))
}

function forgetAnswers<Call, Answer>(
  operations: readonly Operation<Call, Answer>[],
  mayForget: (one: Operation<Call, Answer>) => boolean,
  isBad: IsBad<Call, Answer>,
): readonly Operation<Call, Answer>[] {
  const going = operations.filter(mayForget).map(({ id }) => id)
  const vague = (ids: ReadonlySet<string>): readonly Operation<Call, Answer>[] =>
    operations.map((one) => (ids.has(one.id) ? { ...one, answer: undefined } : one))
  return vague(asManyAsCan(going, (ids) => isBad(vague(ids))))
}

/** All of them, or halves, or one by one. */
function asManyAsCan(
  ids: readonly string[],
  isStillBad: (gone: ReadonlySet<string>) => boolean,
): ReadonlySet<string> {
  let gone: ReadonlySet<string> = new Set()
  const attempt = (part: readonly string[]): void => {
    if (part.length === 0) return
    const more = new Set([...gone, ...part])
    if (isStillBad(more)) {
      gone = more
      return
    }
    if (part.length === 1) return
    attempt(part.slice(0, part.length >> 1))
    attempt(part.slice(part.length >> 1))
  }
  attempt(ids)
  return gone
}

/** So many different beginnings are still worth telling. */
const beginningsMax = 3
/** So many of the operations before the window are told with it. */
const toldBeforeMax = 2

function beginLate<State, Call, Answer>(
  model: SequentialModel<State, Call, Answer>,
  from: State,
  history: {
    readonly operations: readonly Operation<Call, Answer>[]
    readonly culprit: Operation<Call, Answer>
  } & Search,
): BadWindow<State, Call, Answer> {
  const { culprit, ...search } = history
  const operations = history.operations.toSorted((a, b) => a.invokedAt - b.invokedAt)
  for (let count = operations.length - 1; count > 0; count -= 1) {
    const [earlier, later] = [operations.slice(0, count), operations.slice(count)]
    const beginsAt = later[0]?.invokedAt ?? 0
    if (earlier.some(({ returnedAt }) => returnedAt >= beginsAt)) continue
    const states = statesAfter(model, from, { ...search, operations: earlier })
    if (states === 'undecided' || states.size > beginningsMax || states.size === 0) continue
    const after = earlier.slice(-toldBeforeMax)
    return { after, before: [...states.values()], operations: later, culprit }
  }
  return { after: [], before: [from], operations, culprit }
}
