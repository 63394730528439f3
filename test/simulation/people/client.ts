import type { Chance } from '../engine/chance.ts'
import type { Link, Peer, Weather } from '../engine/link.ts'
import { MessageReader, type Message } from '../engine/message-reader.ts'
import type { Timeline } from '../engine/timeline.ts'

/** What somebody outside learns of one request. */
export type Reply =
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly headers: ReadonlyMap<string, string>
      readonly body: string
      /** False: the connection ended in the middle of the body, or the caller left. */
      readonly isWhole: boolean
    }
  /** Nobody listened: nothing was sent. */
  | { readonly kind: 'refused' }
  /** Something was sent and nothing came back: nobody knows. */
  | { readonly kind: 'lost' }

export type Asking = {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
  /** Parts in which the body is sent, with pauses. */
  readonly parts?: number
  /** The caller leaves so long after asking, whatever has come by then. */
  readonly leaveAfterMs?: number
  /** The caller leaves once so many bytes of the answer's body have come. */
  readonly leaveAtBytes?: number
  readonly isHalfClosing?: boolean
}

type Connect = (chance: Chance, weather: Partial<Weather>) => Link | undefined

/** Somebody outside who speaks HTTP, over one connection at a time, kept for the next request where it lives. */
export class Client {
  readonly #connect: Connect
  readonly #timeline: Timeline
  readonly #chance: Chance
  readonly #weather: Partial<Weather>
  #link: Link | null = null

  constructor(options: {
    readonly connect: Connect
    readonly timeline: Timeline
    readonly chance: Chance
    readonly weather?: Partial<Weather>
  }) {
    this.#connect = options.connect
    this.#timeline = options.timeline
    this.#chance = options.chance
    this.#weather = options.weather ?? {}
  }

  /** How long what it sends is usually on its way, where that is its own. */
  get latencyMs(): number {
    return this.#weather.latencyMs ?? 0
  }

  ask(asking: Asking): Promise<Reply> {
    const kept = this.#link
    this.#link = null
    const link = kept?.isCut === false ? kept : this.#connect(this.#chance, this.#weather)
    if (link === undefined) return Promise.resolve({ kind: 'refused' })
    return new Promise((resolve) => {
      const exchange = new ClientExchange(link, (reply, isReusable) => {
        if (isReusable) this.#link = link
        else link.reset()
        resolve(reply)
      })
      link.peer = exchange
      this.#send(link, asking)
      const { leaveAfterMs, leaveAtBytes = Infinity } = asking
      exchange.leaveAtBytes = leaveAtBytes
      if (leaveAfterMs === undefined) return
      const event = { kind: 'caller', name: 'leaves' } as const
      this.#timeline.after(leaveAfterMs, event, () => exchange.leave())
    })
  }

  #send(link: Link, { method, path, headers, body, parts = 1, isHalfClosing }: Asking): void {
    const lines = [
      `${method} ${path} HTTP/1.1`,
      'host: 127.0.0.1:4181',
      ...headers.map(([name, value]) => `${name}: ${value}`),
      ...(method === 'POST' ? [`content-length: ${Buffer.byteLength(body)}`] : []),
    ]
    const head = `${lines.join('\r\n')}\r\n\r\n`
    if (parts === 1 || body === '') {
      link.send(head + body)
      if (isHalfClosing === true) link.end()
      return
    }
    link.send(head)
    const size = Math.ceil(body.length / parts)
    let delayMs = 0
    for (let at = 0; at < body.length; at += size) {
      delayMs += this.#chance.wait(20)
      const part = body.slice(at, at + size)
      const event = { kind: 'caller', name: 'sends on' } as const
      this.#timeline.after(delayMs, event, () => link.send(part))
    }
  }
}

class ClientExchange implements Peer {
  readonly #link: Link
  readonly #done: (reply: Reply, isReusable: boolean) => void
  readonly #reader: MessageReader
  #message: Message | null = null
  #isOver = false
  leaveAtBytes = Infinity

  constructor(link: Link, done: (reply: Reply, isReusable: boolean) => void) {
    this.#link = link
    this.#done = done
    this.#reader = new MessageReader({
      head: (message) => (this.#message = message),
      body: () => {
        if ((this.#message?.body.length ?? 0) >= this.leaveAtBytes) this.leave()
      },
      end: (message) => {
        const isReusable = message.headers.get('connection') !== 'close'
        this.#finish({ isWhole: true, isReusable })
      },
    })
  }

  onBytes(bytes: Buffer): void {
    if (!this.#isOver) this.#reader.push(bytes)
  }

  onClose(): void {
    if (this.#isOver || this.#reader.close()) return
    this.#finish({ isWhole: false, isReusable: false })
  }

  leave(): void {
    if (!this.#isOver) this.#finish({ isWhole: false, isReusable: false })
  }

  #finish({ isWhole, isReusable }: { isWhole: boolean; isReusable: boolean }): void {
    if (this.#isOver) return
    this.#isOver = true
    const message = this.#message
    if (message === null) return this.#done({ kind: 'lost' }, false)
    const status = Number(message.firstLine.split(' ')[1])
    const { headers, body } = message
    this.#done({ kind: 'answer', status, headers, body, isWhole }, isReusable && !this.#link.isCut)
  }
}
