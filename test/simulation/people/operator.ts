import type { Chance } from '../engine/chance.ts'
import type { Timeline } from '../engine/timeline.ts'
import type { Client, Reply } from './client.ts'
import type { HistoryLog } from '../history-log.ts'

export type Command = {
  readonly path: string
  readonly content: object
  readonly customerId: string | null
}

/** What came of a command: an answer, or nobody knows whether it ran. */
export type Outcome =
  | { readonly kind: 'done'; readonly answer: Record<string, unknown> }
  | { readonly kind: 'no'; readonly code: string; readonly status: number }
  | { readonly kind: 'unknown' }

export type OperatorParts = {
  readonly client: Client
  readonly timeline: Timeline
  readonly chance: Chance
  readonly token: () => string
  readonly history: HistoryLog
  readonly name: string
  /** Told of every command that was acknowledged. */
  readonly onDone: (key: string) => void
}

/** One administrator, at the admin port. */
export class Operator {
  readonly #parts: OperatorParts
  #count = 0

  constructor(parts: OperatorParts) {
    this.#parts = parts
  }

  /** Says it once. */
  async say(command: Command, key: string): Promise<Outcome> {
    const { client, history, name } = this.#parts
    const { customerId, path, content } = command
    const call = history.invoke(name, { operation: 'command', customerId, path, content, key })
    const reply = await client.ask({
      method: 'POST',
      path: `/api${path}`,
      headers: [...this.#headers(), ['idempotency-key', key], ['content-type', 'application/json']],
      body: JSON.stringify(content),
    })
    const outcome = outcomeOf(reply)
    if (outcome.kind === 'done' && !unwritten.test(path)) this.#parts.onDone(key)
    if (outcome.kind === 'done') call.ok(outcome.answer)
    else if (outcome.kind === 'no') call.fail({ code: outcome.code })
    else call.unknown()
    return outcome
  }

  /** Says it again, with the same key, until there is an answer. */
  async insist(command: Command, key = this.freshKey()): Promise<Outcome> {
    for (;;) {
      const outcome = await this.say(command, key)
      if (outcome.kind === 'done') return outcome
      // Of several nodes the first keeps the token, and a moment after its start nobody can read it yet.
      const isEarly = outcome.kind === 'no' && outcome.code === 'operator_token_unknown'
      if (outcome.kind === 'no' && outcome.status < 500 && !isEarly) return outcome
      const { timeline, chance } = this.#parts
      const event = { kind: 'administrator', name: 'says it again' } as const
      await timeline.sleep(300 + chance.wait(500), event)
    }
  }

  read(path: string): Promise<Reply> {
    return this.#parts.client.ask({
      method: 'GET',
      path: `/api${path}`,
      headers: this.#headers(),
      body: '',
    })
  }

  get name(): string {
    return this.#parts.name
  }

  freshKey(): string {
    return `${this.#parts.name}-${(this.#count += 1)}`
  }

  #headers(): (readonly [string, string])[] {
    return [['authorization', `Bearer ${this.#parts.token()}`]]
  }
}

/** Commands that leave no entry of their own, or several. */
export const unwritten = /\/(plans|erase|gift-reset|verify|adopt|backup)$/

function outcomeOf(reply: Reply): Outcome {
  if (reply.kind !== 'answer' || !reply.isWhole) return { kind: 'unknown' }
  const { status, body } = reply
  if (status === 200) return { kind: 'done', answer: JSON.parse(body) as Record<string, unknown> }
  // Some of what is answered with 5xx has happened all the same.
  const { error } = JSON.parse(body) as { error: { code: string } }
  return status >= 500 && error.code !== 'internal_error'
    ? { kind: 'unknown' }
    : { kind: 'no', status, code: error.code }
}
