import type { HoldSource } from '../../src/core/account.ts'
import { readAllowedDecisionId } from '../../src/operations/decision-id.ts'
import type { Answer } from './account-history.ts'
import { drawCommand } from './draw-command.ts'
import type { CommandCall, HistoryRecorder, Pending, Told } from './history-recorder.ts'
import { deniedIn, figuresIn, type FiguresJson } from './read-answers.ts'

/** Clients of one customer at a real server, over HTTP, who write down what they do and hear. */
export type Where = {
  readonly gatewayUrl: string
  readonly adminUrl: string
  readonly operatorToken: string
}
export type Seat = { readonly member: string; readonly keyText: string; readonly keyId: string }
export type Draw = (below: number) => number

export class HistoryClients {
  readonly #customer: string
  readonly #recorder: HistoryRecorder
  readonly #draw: Draw
  #where: Where | null = null
  #moved = Promise.withResolvers<void>()
  #isOver = false
  #marker = 0
  #commands = 0
  #answered = 0
  /** Keys that administrators may revoke. */
  readonly #spareKeys: string[] = []
  readonly #paused = new Set<string | null>()
  readonly #watchers = new Set<() => void>()

  constructor(customer: string, recorder: HistoryRecorder, draw: Draw) {
    this.#customer = customer
    this.#recorder = recorder
    this.#draw = draw
  }

  /** Where the server is from now on; null while there is none. */
  moveTo(where: Where | null): void {
    this.#where = where
    this.#moved.resolve()
    this.#moved = Promise.withResolvers<void>()
  }

  get answered(): number {
    return this.#answered
  }

  /** Resolves when so many answers have come since the beginning. */
  async until(count: number): Promise<void> {
    while (this.#answered < count) {
      await new Promise<void>((resolve) => this.#watchers.add(resolve))
    }
  }

  /** No more is asked; who still waits for an answer gets it. */
  stop(): void {
    this.#isOver = true
    this.#moved.resolve()
  }

  /** Requests of a seat, one after another; each is looked after until it has ended. */
  requests = (process: string, seat: Seat): Promise<void> =>
    this.#loop((where) => this.#request(process, seat, where))

  /** Requests by keys of their own, which administrators revoke; then there is a new one. */
  spareRequests = async (process: string, { member }: Seat): Promise<void> => {
    let seat: Seat | null = null
    await this.#loop(async (where) => {
      seat ??= await this.#issueSpare(where, member)
      if (seat === null) return
      await this.#request(process, seat, where)
      if (this.#recorder.isUnknown(seat.keyId)) seat = null
    })
  }

  readings = (process: string, seat: Seat): Promise<void> =>
    this.#loop((where) => this.#figures(process, seat, where))

  commands = (process: string, members: readonly string[]): Promise<void> =>
    this.#loop(() => this.#command(process, members))

  async #issueSpare(where: Where, member: string): Promise<Seat | null> {
    const key = `${this.#customer}-spare-${(this.#commands += 1)}`
    const path = `/customers/${this.#customer}/members/${member}/keys`
    const issued = await issueKey(where, { path, key, body: {} })
    if (issued === null) return null
    this.#spareKeys.push(issued.keyId)
    return { member, ...issued }
  }

  async #loop(act: (where: Where) => Promise<void>): Promise<void> {
    while (!this.#isOver) {
      const where = this.#where
      if (where === null) await this.#moved.promise
      else await act(where)
      // A server that is gone answers at once, and so does one whose line is full: others get a turn.
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  #note(): void {
    this.#answered += 1
    for (const resolve of this.#watchers) resolve()
    this.#watchers.clear()
  }

  async #request(process: string, { member, keyText, keyId }: Seat, where: Where): Promise<void> {
    const marker = 4096 + (this.#marker += 1)
    const tokens = 1 + this.#draw(300)
    const asked = { kind: 'request', member, key: keyId, marker } as const
    const pending = this.#recorder.invoke(process, asked)
    const leaving = new AbortController()
    const response = await answerOf(pending, () =>
      fetch(`${where.gatewayUrl}/v1/messages`, {
        method: 'POST',
        headers: { 'x-api-key': keyText, 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'claude-haiku-4-5',
          max_tokens: marker,
          stream: true,
          messages: [{ role: 'user', content: `demo-output-tokens: ${tokens}` }],
        }),
        signal: leaving.signal,
      }),
    )
    if (response === null) return
    if (response.status !== 200) return this.#refused(pending, response)
    const hold = readAllowedDecisionId(response.headers.get('x-plimsoll-decision') ?? '')?.holdId
    const source = response.headers.get('x-plimsoll-source')
    if (hold === undefined || source === null) throw new Error('A reply without a decision')
    pending.ok({ kind: 'allowed', hold, source: source as HoldSource, position: null })
    this.#note()
    // Some hang up in the middle of the reply, or at once.
    if (this.#draw(6) === 0) leaving.abort()
    else await response.text().catch(() => '')
    await this.#untilEnded(process, { hold, keyText })
  }

  async #refused(pending: Pending, response: Response): Promise<void> {
    const text = await response.text().catch(() => '')
    const position = Number(response.headers.get('x-plimsoll-position'))
    const isDecision = response.headers.has('x-plimsoll-decision')
    const refusal = isDecision && text !== '' ? deniedIn(text) : null
    if (response.status === 401) {
      pending.ok({ kind: 'answer', answer: { kind: 'unknown_key' }, position: null })
    } else if (refusal === null) return pending.unknown()
    else pending.ok({ kind: 'denied', ...refusal, position })
    this.#note()
  }

  /** So often is looked whether a request has ended, before its client goes on with the next. */
  async #untilEnded(
    process: string,
    { hold, keyText }: { readonly hold: string; readonly keyText: string },
  ): Promise<void> {
    const pending = this.#recorder.invoke(process, { kind: 'end', hold })
    for (let look = 0; look < looksMax; look += 1) {
      const where = this.#where
      if (where === null) return
      const end = await endOf(where, hold, keyText)
      if (end === 'gone') return
      if (end === 'open') continue
      pending.ok({ kind: 'answer', answer: end, position: null })
      return this.#note()
    }
  }

  async #figures(process: string, { member, keyText }: Seat, where: Where): Promise<void> {
    const pending = this.#recorder.invoke(process, { kind: 'figures', member })
    const response = await answerOf(pending, () =>
      fetch(`${where.adminUrl}/api/me/usage`, { headers: { authorization: `Bearer ${keyText}` } }),
    )
    if (response?.status !== 200) return
    const { figures } = (await response.json().catch(() => ({}))) as { figures?: FiguresJson }
    if (figures === undefined) return
    const { position } = figures
    pending.ok({ kind: 'answer', answer: { kind: 'figures', ...figuresIn(figures) }, position })
    this.#note()
  }

  /** Repeated under its key until it is answered: it is to take effect once, whatever dies in between. */
  async #command(process: string, members: readonly string[]): Promise<void> {
    const key = `${this.#customer}-${(this.#commands += 1)}`
    const drawn = drawCommand(this.#draw, {
      key,
      members,
      spareKeys: this.#spareKeys,
      paused: this.#paused,
    })
    const { call, path, body } = drawn
    const pending = this.#recorder.invoke(process, { kind: 'command', key, call })
    for (;;) {
      const where = this.#where
      if (where !== null) {
        const status = await post(where, { path: `/customers/${this.#customer}${path}`, key, body })
        const answer = answerTo(call, status)
        if (answer !== null) {
          pending.ok({ kind: 'answer', answer, position: null })
          return this.#note()
        }
      }
      if (this.#isOver) return pending.unknown()
      await (where === null ? this.#moved.promise : new Promise((resolve) => setImmediate(resolve)))
    }
  }
}

const looksMax = 200

/** Null where it has to be said again. */
function answerTo(call: CommandCall, status: number): Answer | null {
  if (status === 200) return { kind: 'done' }
  return status === 409 && call.kind === 'credit' ? { kind: 'nothing_to_credit' } : null
}

/** Null where nothing came back; then it is noted what that may mean. */
async function answerOf(pending: Pending, ask: () => Promise<Response>): Promise<Response | null> {
  try {
    return await ask()
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    const isRefused = cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED'
    if (isRefused) pending.fail()
    else pending.unknown()
    return null
  }
}

export type Posted = { readonly path: string; readonly key: string; readonly body: object }

/** Answers the status; 0 where nothing came back. */
export async function post(where: Where, posted: Posted): Promise<number> {
  try {
    const response = await order(where, posted)
    await response.arrayBuffer()
    return response.status
  } catch {
    return 0
  }
}

const order = (where: Where, { path, key, body }: Posted): Promise<Response> =>
  fetch(`${where.adminUrl}/api${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${where.operatorToken}`,
      'content-type': 'application/json',
      'idempotency-key': key,
    },
    body: JSON.stringify(body),
  })

/** A key that can be used once; null where nobody was told of it. */
export async function issueKey(
  where: Where,
  posted: Posted,
): Promise<Pick<Seat, 'keyId' | 'keyText'> | null> {
  try {
    const response = await order(where, posted)
    if (response.status !== 200) return null
    const { keyId, keyText } = (await response.json()) as { keyId: string; keyText?: string }
    return keyText === undefined ? null : { keyId, keyText }
  } catch {
    return null
  }
}

async function endOf(
  { adminUrl }: Where,
  hold: string,
  keyText: string,
): Promise<Extract<Told, { kind: 'answer' }>['answer'] | 'open' | 'gone'> {
  try {
    const response = await fetch(`${adminUrl}/api/me/decisions/${hold}`, {
      headers: { authorization: `Bearer ${keyText}` },
    })
    if (response.status !== 200) return 'gone'
    const { end } = (await response.json()) as { end: { body: EndJson } | null }
    if (end === null) return 'open'
    const { chargedNanos, overrunNanos } = end.body
    if (chargedNanos === undefined || overrunNanos === undefined) return { kind: 'done' }
    const charged = { chargedNanos: BigInt(chargedNanos), overrunNanos: BigInt(overrunNanos) }
    return { kind: 'charged', ...charged }
  } catch {
    return 'gone'
  }
}

type EndJson = { readonly chargedNanos?: string; readonly overrunNanos?: string }
