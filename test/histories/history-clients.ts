import type { HoldSource } from '../../src/core/account.ts'
import { readAllowedDecisionId } from '../../src/operations/decision-id.ts'
import type { CommandCall, HistoryRecorder, Pending, Told } from './history-recorder.ts'
import { deniedIn, figuresIn, type FiguresJson } from './read-answers.ts'

/** Clients of one customer at a real server, over HTTP, who write down what they do and hear. */
export type Where = {
  readonly gatewayUrl: string
  readonly adminUrl: string
  readonly operatorToken: string
}
export type Seat = { readonly member: string; readonly keyText: string }
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

  readings = (process: string, seat: Seat): Promise<void> =>
    this.#loop((where) => this.#figures(process, seat, where))

  commands = (process: string, members: readonly string[]): Promise<void> =>
    this.#loop(() => this.#command(process, members))

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

  async #request(process: string, { member, keyText }: Seat, where: Where): Promise<void> {
    const marker = 4096 + (this.#marker += 1)
    const tokens = 1 + this.#draw(300)
    const pending = this.#recorder.invoke(process, { kind: 'request', member, marker })
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
    const refusal = response.status === 429 ? deniedIn(text) : null
    if (refusal === null) return pending.unknown()
    pending.ok({ kind: 'denied', ...refusal, position })
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
    const member = [null, ...members][this.#draw(members.length + 1)] ?? null
    const { call, path, body } = this.#drawCommand(key, member)
    const pending = this.#recorder.invoke(process, { kind: 'command', key, call })
    for (;;) {
      const where = this.#where
      if (where !== null) {
        const status = await post(where, { path: `/customers/${this.#customer}${path}`, key, body })
        if (status === 200) {
          pending.ok({ kind: 'answer', answer: { kind: 'done' }, position: null })
          return this.#note()
        }
      }
      if (this.#isOver) return pending.unknown()
      await (where === null ? this.#moved.promise : new Promise((resolve) => setImmediate(resolve)))
    }
  }

  #drawCommand(key: string, member: string | null): Command {
    const at = member === null ? '' : `/members/${member}`
    const face = this.#draw(10)
    if (face < 4) {
      const amountNanos = BigInt(200_000 + this.#draw(1_500_000))
      const grant = { grant: key, amountNanos, priority: 50, expiresAtMs: null }
      const body = { amountNanos: String(amountNanos) }
      return { call: { kind: 'top_up', ...grant }, path: '/top-ups', body }
    }
    if (face < 7) {
      const isOn = this.#draw(3) > 0
      return { call: { kind: 'switch', member, isOn }, path: `${at}/extra-usage`, body: { isOn } }
    }
    const amountNanos = BigInt(this.#draw(8_000_000))
    const isCapped = this.#draw(3) > 0
    const cap = isCapped ? { kind: 'capped' as const, amountNanos } : { kind: 'unlimited' as const }
    const told = isCapped ? { ...cap, amountNanos: String(amountNanos) } : cap
    return { call: { kind: 'cap', member, cap }, path: `${at}/spend-cap`, body: { cap: told } }
  }
}

type Command = { readonly call: CommandCall; readonly path: string; readonly body: object }
const looksMax = 200

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
export async function post(where: Where, { path, key, body }: Posted): Promise<number> {
  try {
    const response = await fetch(`${where.adminUrl}/api${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${where.operatorToken}`,
        'content-type': 'application/json',
        'idempotency-key': key,
      },
      body: JSON.stringify(body),
    })
    await response.arrayBuffer()
    return response.status
  } catch {
    return 0
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
