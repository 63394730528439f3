import type { Operation, SequentialModel } from './operation.ts'

/**
 * Whether a history can be put in one order that keeps real time (what had returned before another was asked comes
 * before it) and in which each answer is right. The search of Wing and Gong, with Lowe's memory of what was tried:
 * a set of operations that led to the same state by another order need not be tried again. An operation of unknown
 * outcome may stand anywhere after its call, or be left out.
 */
export type Verdict<Call, Answer> =
  | { readonly kind: 'linearizable'; readonly order: readonly Operation<Call, Answer>[] }
  | { readonly kind: 'not_linearizable' }
  /** More was to be tried than the bound allows. */
  | { readonly kind: 'undecided' }

export type Search = {
  /** Steps of the model at most. */
  readonly stepsMax?: number
}

const stepsMaxUsual = 200_000

type Frame<State> = {
  readonly state: State
  readonly candidates: readonly number[]
  next: number
}

export function linearize<State, Call, Answer>(
  model: SequentialModel<State, Call, Answer>,
  from: State,
  history: { readonly operations: readonly Operation<Call, Answer>[] } & Search,
): Verdict<Call, Answer> {
  const placed = new Placed(history.operations)
  const { stepsMax = stepsMaxUsual } = history
  const tried = new Set<string>()
  const frames: Frame<State>[] = [{ state: from, candidates: placed.candidates(), next: 0 }]
  let steps = 0
  for (;;) {
    if (placed.isComplete()) return { kind: 'linearizable', order: placed.order() }
    const frame = frames.at(-1)
    if (frame === undefined) return { kind: 'not_linearizable' }
    const candidate = frame.candidates[frame.next]
    frame.next += 1
    if (candidate === undefined) {
      frames.pop()
      if (frames.length > 0) placed.takeBack()
      continue
    }
    if (steps >= stepsMax) return { kind: 'undecided' }
    steps += 1
    const { call, answer } = placed.operation(candidate)
    const state = model.step(frame.state, call, answer)
    if (state === null) continue
    placed.put(candidate)
    const key = `${placed.key()}|${model.key(state)}`
    if (tried.has(key)) {
      placed.takeBack()
      continue
    }
    tried.add(key)
    frames.push({ state, candidates: placed.candidates(), next: 0 })
  }
}

/** Every state that the account can be in once all of these are over, as far as a bound lets it look; by key. */
export function statesAfter<State, Call, Answer>(
  model: SequentialModel<State, Call, Answer>,
  from: State,
  history: { readonly operations: readonly Operation<Call, Answer>[] } & Search,
): ReadonlyMap<string, State> | 'undecided' {
  const placed = new Placed(history.operations)
  const { stepsMax = stepsMaxUsual } = history
  const tried = new Set<string>()
  const found = new Map<string, State>()
  let steps = 0
  const visit = (state: State): boolean => {
    if (placed.isComplete()) found.set(model.key(state), state)
    for (const candidate of placed.candidates()) {
      if (steps >= stepsMax) return false
      steps += 1
      const { call, answer } = placed.operation(candidate)
      const next = model.step(state, call, answer)
      if (next === null) continue
      placed.put(candidate)
      const key = `${placed.key()}|${model.key(next)}`
      const isNew = !tried.has(key)
      tried.add(key)
      const isWithin = !isNew || visit(next)
      placed.takeBack()
      if (!isWithin) return false
    }
    return true
  }
  return visit(from) ? found : 'undecided'
}

/** Which operations stand in the order so far, and which may come next. */
class Placed<Call, Answer> {
  readonly #operations: readonly Operation<Call, Answer>[]
  readonly #isPlaced: boolean[]
  /** The latest call that each placement left behind it, for taking back. */
  readonly #trail: { readonly index: number; readonly lastInvokedAt: number }[] = []
  #firstOpen = 0
  #certainLeft: number
  /** The latest call of all that were placed. */
  #lastInvokedAt = -Infinity

  constructor(operations: readonly Operation<Call, Answer>[]) {
    this.#operations = operations.toSorted((a, b) => a.invokedAt - b.invokedAt)
    this.#isPlaced = operations.map(() => false)
    this.#certainLeft = operations.filter(({ isCertain }) => isCertain).length
  }

  operation(index: number): Operation<Call, Answer> {
    const operation = this.#operations[index]
    if (operation === undefined) throw new RangeError(`No operation ${index}`)
    return operation
  }

  isComplete(): boolean {
    return this.#certainLeft === 0
  }

  order(): readonly Operation<Call, Answer>[] {
    return this.#trail.map(({ index }) => this.operation(index))
  }

  /** Nothing that is certain and still open had returned before these were asked. */
  candidates(): readonly number[] {
    let firstReturnAt = Infinity
    const found: number[] = []
    for (let index = this.#firstOpen; index < this.#operations.length; index += 1) {
      const { invokedAt, returnedAt, isCertain } = this.operation(index)
      if (invokedAt > firstReturnAt) break
      if (this.#isPlaced[index] === true) continue
      if (isCertain) firstReturnAt = Math.min(firstReturnAt, returnedAt)
      // What is uncertain took effect by its end or never.
      if (isCertain || returnedAt >= this.#lastInvokedAt) found.push(index)
    }
    const open = found.filter((index) => this.operation(index).invokedAt <= firstReturnAt)
    const rank = (index: number): number => {
      const { hint, returnedAt } = this.operation(index)
      return hint ?? returnedAt
    }
    return open.toSorted((a, b) => rank(a) - rank(b))
  }

  put(index: number): void {
    const { invokedAt, isCertain } = this.operation(index)
    this.#trail.push({ index, lastInvokedAt: this.#lastInvokedAt })
    this.#isPlaced[index] = true
    this.#lastInvokedAt = Math.max(this.#lastInvokedAt, invokedAt)
    if (isCertain) this.#certainLeft -= 1
    while (this.#isPlaced[this.#firstOpen] === true) this.#firstOpen += 1
  }

  takeBack(): void {
    const last = this.#trail.pop()
    if (last === undefined) throw new Error('Nothing was placed')
    this.#isPlaced[last.index] = false
    this.#lastInvokedAt = last.lastInvokedAt
    if (this.operation(last.index).isCertain) this.#certainLeft += 1
    this.#firstOpen = Math.min(this.#firstOpen, last.index)
  }

  /** The set of what was placed. */
  key(): string {
    let key = `${this.#firstOpen}:`
    const last = this.#isPlaced.lastIndexOf(true)
    for (let index = this.#firstOpen; index <= last; index += 1) {
      key += this.#isPlaced[index] === true ? '1' : '0'
    }
    return key
  }
}
