/**
 * One operation of a recorded history: what was asked, when, and what was answered. It took effect at one moment
 * between its two, if it took effect at all.
 */
export type Operation<Call, Answer> = {
  /** As people read it: unique within its history. */
  readonly id: string
  /** Who asked: a client, an administrator, or the server itself. */
  readonly process: string
  readonly call: Call
  /** Undefined where nobody saw it. */
  readonly answer: Answer | undefined
  /** Monotonic milliseconds. */
  readonly invokedAt: number
  /** It took effect by then. Infinity: at any later point, or never. */
  readonly returnedAt: number
  /** It took effect for certain; else it may as well never have. */
  readonly isCertain: boolean
  /** Where it probably stands in the order. It makes the search quick, and is never evidence. */
  readonly hint?: number
}

/** What the operations are held against, one after another: a state, and whether an answer is right in it. */
export type SequentialModel<State, Call, Answer> = {
  /**
   * The state after this call, or null when it cannot be answered so here. An answer of undefined was seen by nobody:
   * the call does what it does.
   */
  step(state: State, call: Call, answer: Answer | undefined): State | null
  /** The same text for states that nothing can tell apart. */
  key(state: State): string
  /** Whether leaving this operation out of a history leaves a history: it only looked, and changed nothing. */
  isObservation(call: Call, answer: Answer | undefined): boolean
}
