import { Duplex } from 'node:stream'
import type { Chance } from './chance.ts'
import type { Life } from './life.ts'
import type { Timeline } from './timeline.ts'

/** The far side of a connection: a caller, an administrator, the upstream. */
export interface Peer {
  onBytes(bytes: Buffer): void
  /** The server sends no more, or the connection is gone. */
  onClose(): void
}

export type Weather = {
  /** How long bytes are usually on their way. */
  readonly latencyMs: number
  /** In how many of a hundred cases bytes arrive in pieces. */
  readonly piecesPercent: number
}

/** Sums of fractions are off by less than this. */
const leastMs = 0.01

/** Bytes that the network takes before a sender has to wait. */
const windowBytes = 16 * 1024

type LinkOptions = {
  readonly timeline: Timeline
  readonly life: Life
  readonly chance: Chance
  readonly weather: Weather
  readonly name: string
}

/**
 * One connection between the server and somebody outside. The server's end is a socket as Node's HTTP code knows
 * it, the far end an object; between them bytes take their time, in order, whole or in pieces.
 */
export class Link {
  readonly socket: SimSocket
  readonly #options: LinkOptions
  #peer: Peer | null = null
  #toServerMs = 0
  #toPeerMs = 0
  /** What is on its way, in order: sums of fractions could let what was sent later arrive first. */
  readonly #forServer: (() => void)[] = []
  readonly #forPeer: (() => void)[] = []
  #inFlight = 0
  #waiting: (() => void)[] = []
  #isCut = false

  constructor(options: LinkOptions) {
    this.#options = options
    this.socket = new SimSocket(this, options.life)
    options.life.onDeath.add(this.#onDeath)
  }

  set peer(peer: Peer) {
    this.#peer = peer
  }

  get isCut(): boolean {
    return this.#isCut
  }

  send(bytes: Buffer | string): void {
    for (const piece of this.#piecesOf(Buffer.from(bytes))) {
      this.#toServer('to server', () => this.socket.arrive(piece))
    }
  }

  end(): void {
    this.#toServer('half closed', () => this.socket.arrive(null))
  }

  /** The far side is gone without a word. */
  reset(): void {
    if (this.#isCut) return
    this.#toServer('reset', () => {
      this.#cut()
      this.socket.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))
    })
  }

  /** The server's end writes; `taken` asks for more. */
  carry(bytes: Buffer, taken: () => void): void {
    this.#options.life.beforeWrite()
    if (this.#isCut || this.#options.life.isDead) return taken()
    this.#options.timeline.note(undated(bytes))
    for (const piece of this.#piecesOf(bytes)) {
      this.#inFlight += piece.length
      this.#toPeer('from server', () => {
        this.#inFlight -= piece.length
        this.#peer?.onBytes(piece)
        if (this.#inFlight <= windowBytes) for (const go of this.#waiting.splice(0)) go()
      })
    }
    if (this.#inFlight <= windowBytes) taken()
    else this.#waiting.push(taken)
  }

  /** The server's end is closed; what it wrote before still arrives. */
  close(): void {
    if (this.#isCut || this.#options.life.isDead) return
    this.#toPeer('closed', () => {
      this.#cut()
      this.#peer?.onClose()
    })
  }

  finish(): void {
    if (this.#isCut || this.#options.life.isDead) return
    this.#toPeer('ended', () => this.#peer?.onClose())
  }

  /** What the process wrote before is on its way and arrives; then its machine closes the connection. */
  readonly #onDeath = (): void => {
    this.#toPeer('dead', () => {
      this.#isCut = true
      this.#peer?.onClose()
    })
  }

  #cut(): void {
    this.#isCut = true
    this.#options.life.onDeath.delete(this.#onDeath)
  }

  #toServer(what: string, arrive: () => void): void {
    const { timeline, life, name } = this.#options
    this.#toServerMs = Math.max(this.#toServerMs, timeline.nowMs + this.#delay())
    const event = { kind: 'network', name: `${name} ${what}` } as const
    this.#forServer.push(arrive)
    life.after(this.#toServerMs - timeline.nowMs, event, () => {
      const next = this.#forServer.shift()
      if (!this.#isCut && !this.socket.destroyed) next?.()
    })
  }

  #toPeer(what: string, arrive: () => void): void {
    const { timeline, name } = this.#options
    this.#toPeerMs = Math.max(this.#toPeerMs, timeline.nowMs + this.#delay())
    const event = { kind: 'network', name: `${name} ${what}` } as const
    this.#forPeer.push(arrive)
    timeline.after(this.#toPeerMs - timeline.nowMs, event, () => {
      const next = this.#forPeer.shift()
      if (!this.#isCut) next?.()
    })
  }

  #delay(): number {
    const { chance, weather } = this.#options
    return chance.wait(weather.latencyMs)
  }

  #piecesOf(bytes: Buffer): readonly Buffer[] {
    const { chance, weather } = this.#options
    if (bytes.length < 2 || !chance.percent(weather.piecesPercent)) return [bytes]
    const at = chance.between(1, bytes.length - 1)
    return [bytes.subarray(0, at), bytes.subarray(at)]
  }
}

/** A head with every figure that a refusal can have is shorter. */
const headBytesMax = 8192

/**
 * Without what is no part of the simulated world: the machine's own date, which Node writes into a head that has
 * none, and the name of the folder that this run was given.
 */
function undated(bytes: Buffer): Buffer | string {
  const hasDate = bytes.subarray(0, headBytesMax).includes('Date: ')
  if (!hasDate && !bytes.includes('"dataFolder"')) return bytes
  const text = bytes.toString('latin1').replaceAll(/\r\nDate: [^\r]*/g, '')
  return text.replaceAll(/"dataFolder":"[^"]*"/g, '')
}

/** The server's end of a link. */
export class SimSocket extends Duplex {
  readonly #link: Link
  readonly #life: Life
  readonly remoteAddress = '192.0.2.1'
  readonly remotePort = 1
  readonly encrypted = false
  timeout = 0
  #activeMs = 0
  #ringsAtMs = Infinity
  #cancel = (): void => {}

  constructor(link: Link, life: Life) {
    super({ allowHalfOpen: true, autoDestroy: true, emitClose: true })
    this.#link = link
    this.#life = life
    this.on('error', () => {})
  }

  arrive(bytes: Buffer | null): void {
    this.#note()
    this.push(bytes)
  }

  /** As of a real socket: told when nothing moved for so long. */
  setTimeout(ms: number, listener?: () => void): this {
    this.timeout = ms
    if (listener !== undefined) this.once('timeout', listener)
    this.#note()
    if (ms > 0) this.#ringAt(this.#activeMs + ms)
    return this
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  address(): object {
    return { address: '127.0.0.1', port: 1, family: 'IPv4' }
  }

  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, taken: () => void): void {
    this.#note()
    this.#link.carry(chunk, taken)
  }

  override _writev(chunks: { chunk: Buffer }[], taken: () => void): void {
    this.#note()
    this.#link.carry(Buffer.concat(chunks.map(({ chunk }) => chunk)), taken)
  }

  override _final(done: () => void): void {
    this.#link.finish()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#cancel()
    this.#link.close()
    done(error)
  }

  #note(): void {
    this.#activeMs = this.#life.clock.elapsedMs()
  }

  #ringAt(atMs: number): void {
    if (this.#ringsAtMs <= atMs) return
    this.#cancel()
    this.#ringsAtMs = atMs
    const inMs = atMs - this.#life.clock.elapsedMs()
    this.#cancel = this.#life.after(inMs, { kind: 'timer', name: 'socket' }, () => {
      this.#ringsAtMs = Infinity
      if (this.destroyed || this.timeout === 0) return
      const dueMs = this.#activeMs + this.timeout
      if (dueMs - this.#life.clock.elapsedMs() > leastMs) return this.#ringAt(dueMs)
      this.emit('timeout')
      if (!this.destroyed && this.timeout > 0) {
        this.#note()
        this.#ringAt(this.#activeMs + this.timeout)
      }
    })
  }
}
