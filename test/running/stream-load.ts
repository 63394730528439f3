import { readAllowedDecisionId } from '../../src/operations/decision-id.ts'
import type { ServerProcess } from './server-process.ts'

/**
 * Clients of one member that stream replies all the time, and try again whenever the server is not there:
 * what an agent does through a restart. Everything that they were told is kept, to be held against the books.
 */
export type Told = {
  readonly holdId: string
  /** The reply came to its last event; else it had our last words, or broke off. */
  readonly how: 'finished' | 'last_words' | 'broke_off'
}

export type LoadReport = {
  readonly told: readonly Told[]
  /** Asked again because nobody listened, or because the server said that it stops. */
  readonly againCount: number
  /** Refusals: there was room for everything. */
  readonly denied: readonly string[]
  /** Answers that nobody should see. */
  readonly wrong: readonly string[]
}

type Where = Pick<ServerProcess, 'gatewayUrl' | 'demoKey'>

export class StreamLoad {
  #told: Told[] = []
  readonly #denied: string[] = []
  readonly #wrong: string[] = []
  readonly #clients: Promise<void>[] = []
  readonly #watchers = new Set<() => void>()
  readonly #tokens: () => number
  #where: Where | null = null
  #againCount = 0
  #beganCount = 0
  #isOver = false
  #runningCount = 0
  #moved = Promise.withResolvers<void>()

  /** `tokens` chooses how long each reply is. */
  constructor(tokens: () => number) {
    this.#tokens = tokens
  }

  /** Clients ask here from now on; null while nobody is there. */
  moveTo(where: Where | null): void {
    this.#where = where
    this.#moved.resolve()
    this.#moved = Promise.withResolvers<void>()
  }

  start(count: number): void {
    for (let index = 0; index < count; index += 1) this.#clients.push(this.#run())
  }

  /** Resolves when so many replies have begun since the load started. */
  async begun(count: number): Promise<void> {
    while (this.#beganCount < count) {
      await new Promise<void>((resolve) => this.#watchers.add(resolve))
    }
  }

  /** What clients were told since the last time, once none of them waits for anything. */
  async taken(): Promise<readonly Told[]> {
    while (this.#runningCount > 0) {
      await new Promise<void>((resolve) => this.#watchers.add(resolve))
    }
    const told = this.#told
    this.#told = []
    return told
  }

  get beganCount(): number {
    return this.#beganCount
  }

  /** Refusals and wrong answers until now. */
  soFar(): Pick<LoadReport, 'denied' | 'wrong'> {
    return { denied: this.#denied, wrong: this.#wrong }
  }

  async end(): Promise<LoadReport> {
    this.#isOver = true
    this.moveTo(null)
    await Promise.all(this.#clients)
    if (this.#beganCount === 0) throw new Error('The load was never answered')
    return {
      told: this.#told,
      againCount: this.#againCount,
      denied: this.#denied,
      wrong: this.#wrong,
    }
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      const where = this.#where
      if (where === null) await this.#moved.promise
      else if (!(await this.#askCounted(where)) && !this.#isOver && this.#where === where) {
        // Nobody is there any more: whoever starts the next server says where it is.
        await Promise.race([this.#moved.promise, new Promise((resolve) => setImmediate(resolve))])
      }
    }
  }

  async #askCounted(where: Where): Promise<boolean> {
    this.#runningCount += 1
    try {
      return await this.#ask(where)
    } finally {
      this.#runningCount -= 1
      this.#wake()
    }
  }

  #wake(): void {
    for (const resolve of this.#watchers) resolve()
    this.#watchers.clear()
  }

  /** Whether it was answered by a reply. */
  async #ask({ gatewayUrl, demoKey }: Where): Promise<boolean> {
    let response: Response
    try {
      response = await fetch(`${gatewayUrl}/v1/messages`, {
        method: 'POST',
        headers: { 'x-api-key': demoKey, 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'claude-haiku-4-5',
          max_tokens: 4000,
          stream: true,
          messages: [{ role: 'user', content: `demo-output-tokens: ${this.#tokens()}` }],
        }),
      })
    } catch {
      this.#againCount += 1
      return false
    }
    if (response.status !== 200) return this.#noteRefusal(response)
    const holdId = readAllowedDecisionId(response.headers.get('x-plimsoll-decision') ?? '')?.holdId
    this.#beganCount += 1
    this.#wake()
    const text = await readAll(response)
    if (holdId === undefined) this.#wrong.push('a reply without a decision')
    else this.#told.push({ holdId, how: howItEnded(text) })
    return true
  }

  async #noteRefusal(response: Response): Promise<false> {
    const text = await response.text().catch(() => '')
    if (response.status === 503 && /"(stopping|limits_unavailable)"/.test(text)) {
      this.#againCount += 1
    } else if (response.status === 429) this.#denied.push(text)
    else this.#wrong.push(`${response.status} ${text}`)
    return false
  }
}

async function readAll(response: Response): Promise<string> {
  let text = ''
  try {
    for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) text += part
  } catch {
    // The connection broke off: what came before it counts.
  }
  return text
}

function howItEnded(text: string): Told['how'] {
  if (/event: message_stop\ndata: .*\n\n$/.test(text)) return 'finished'
  return /event: error\ndata: .*\n\n$/.test(text) ? 'last_words' : 'broke_off'
}
