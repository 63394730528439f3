import type { Exchange } from '../checks/passage.ts'
import { Chance } from './chance.ts'
import type { Link, Peer } from './link.ts'
import { MessageReader, type Message } from './message-reader.ts'
import type { Timeline } from './timeline.ts'
import { cut, writeAnswer, type Answer, type Trouble } from './upstream-answer.ts'

/** What the upstream really said of one request, by the id in its `request-id` header. */
export type Said = Answer['said']

export type UpstreamMix = {
  /** In how many of a hundred answers something goes wrong. */
  readonly troublePercent: number
  /** How long the upstream usually thinks between two events. */
  readonly eventMs: number
}

/** What another key of the operator's may be tried after: nothing was done. */
const refusals: ReadonlySet<string> = new Set([
  'credential refused',
  'payment required',
  'rate limited',
] satisfies Trouble[])

/** The LLM API outside: it answers as the real one does, and now and then as the real one should not. */
export class SimUpstream {
  readonly #timeline: Timeline
  readonly #wallMs: () => number
  readonly said = new Map<string, Said>()
  /** Told of each request; what it gives back is told of the answer. */
  onHeard: (wish: string, message: Message, link: Link) => Pick<Exchange, 'reader'> | null = () =>
    null
  /** Told of a request that comes again although it may have been answered. */
  onTwice: (wish: string) => void = () => {}
  mix: UpstreamMix
  /** Nobody answers at its address. */
  isAway = false
  /** It takes connections and bytes, and says nothing. */
  isSilent = false
  /** How far its own clock is from the world's. */
  clockOffMs = 0

  constructor(timeline: Timeline, wallMs: () => number, mix: UpstreamMix) {
    this.#timeline = timeline
    this.#wallMs = wallMs
    this.mix = mix
  }

  readonly door = (link: Link): Peer | null => (this.isAway ? null : new UpstreamPeer(this, link))

  answer(link: Link, message: Message): void {
    // The same request meets the same luck, whoever else is there.
    const wish = message.headers.get('x-sim-luck') ?? 'nobody'
    const exchange = this.onHeard(wish, message, link)
    if (this.isSilent) return
    const chance = new Chance(`upstream/${wish}`)
    const date = new Date(this.#wallMs() + this.clockOffMs).toUTCString()
    const answer = writeAnswer(message, { chance, wish, date, mix: this.mix })
    const { requestId } = answer.said
    const before = this.said.get(requestId)
    if (before !== undefined && !refusals.has(before.trouble)) this.onTwice(wish)
    if (requestId !== '') this.said.set(requestId, answer.said)
    let delayMs = 0
    for (const [index, part] of answer.parts.entries()) {
      delayMs += chance.wait(this.mix.eventMs)
      const event = { kind: 'network', name: `upstream says ${index}` } as const
      this.#timeline.after(delayMs, event, () => {
        if (link.isCut) return
        if (part === cut) return link.reset()
        exchange?.reader.push(Buffer.from(part))
        link.send(part)
      })
    }
  }
}

class UpstreamPeer implements Peer {
  readonly #reader: MessageReader

  constructor(upstream: SimUpstream, link: Link) {
    this.#reader = new MessageReader({ end: (message) => upstream.answer(link, message) })
  }

  onBytes(bytes: Buffer): void {
    this.#reader.push(bytes)
  }

  onClose(): void {}
}
