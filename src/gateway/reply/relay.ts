import type { Caller } from '../caller/caller.ts'
import { ErrorEventFilter } from './error-event.ts'
import { findHeader, toCallerHeaders } from './forward-headers.ts'
import type { Attempts } from './attempts.ts'
import type {
  ReplyHead,
  ReplyReceiver,
  Upstream,
  UpstreamExchange,
  UpstreamRequest,
} from './upstream.ts'

/**
 * One reply on its way from the upstream to the caller, chunk by chunk as it comes. Back-pressure goes
 * upstream: while the caller's connection is full, the upstream's is not read. A good reply is passed on
 * at once; an error reply is kept whole first (it is small), because the operator's own account trouble
 * must not reach the caller as if it were the caller's.
 */
export type RelayEnd = {
  /** Null when the upstream never answered. */
  readonly head: ReplyHead | null
  readonly how: RelayEnding
  /** The whole body of an error reply that was not passed on yet; else null. */
  readonly errorBody: Buffer | null
  /** Bytes of body passed to the caller. */
  readonly bytes: number
  readonly error: Error | null
  /** Whether the request was handed to the upstream at all. */
  readonly wasSent: boolean
}

export type RelayEnding =
  | 'finished'
  | 'caller_left'
  /** The upstream was not reachable, timed out or broke off. */
  | 'upstream_failed'
  /** The upstream ended a running stream over the operator's account; the caller was told in our words. */
  | 'upstream_account'
  /** We ended it: the hold's time was up, or the process stops. */
  | 'cut'
  /** A fault of our own. */
  | 'broken'

export type RelayPlan = {
  readonly caller: Caller
  readonly upstream: Upstream
  readonly attempts: Attempts
  /** Headers of ours for a good reply, as a flat list. */
  readonly ownHeaders: (head: ReplyHead) => readonly string[]
  /** The last event of a stream that ends over the operator's account. */
  readonly accountWords: () => string
  /** Sees each chunk of a good reply after it was passed on; never delays or changes it. */
  readonly onPassed: (chunk: Buffer, head: ReplyHead) => void
}

export interface Relay {
  readonly done: Promise<RelayEnd>
  /** Ends the reply from our side. `lastWords` are written where a stream stands between two events. */
  cut(lastWords: string): void
}

/** An error body beyond this is passed on as it comes; real ones are a few hundred bytes. */
const errorBodyBytesMax = 256 * 1024

export function startRelay(plan: RelayPlan): Relay {
  const relay = new ReplyRelay(plan)
  relay.start()
  return relay
}

class ReplyRelay implements Relay, ReplyReceiver {
  readonly done: Promise<RelayEnd>
  readonly #plan: RelayPlan
  readonly #resolve: (end: RelayEnd) => void
  #exchange: UpstreamExchange | null = null
  #head: ReplyHead | null = null
  #errorChunks: Buffer[] | null = null
  #filter: ErrorEventFilter | null = null
  #errorBytes = 0
  #bytes = 0
  #isBetweenEvents = true
  #isPaused = false
  #isOver = false

  constructor(plan: RelayPlan) {
    const { promise, resolve } = Promise.withResolvers<RelayEnd>()
    this.#plan = plan
    this.done = promise
    this.#resolve = resolve
  }

  start(): void {
    const { caller, attempts } = this.#plan
    if (caller.hasLeft) return this.#finish('caller_left')
    caller.onLeave = this.#onCallerLeft
    this.#send(attempts.first)
  }

  #send(request: UpstreamRequest): void {
    try {
      this.#exchange = this.#plan.upstream.send(request, this)
    } catch (error) {
      this.#break(error)
    }
  }

  onHead(head: ReplyHead): void {
    try {
      this.#head = head
      if (!isGood(head)) {
        this.#errorChunks = []
        this.#errorBytes = 0
        return
      }
      this.#plan.attempts.succeeded()
      // One without a label is taken for what it begins as, so only JSON is surely none.
      if (!isJson(head)) {
        this.#filter = new ErrorEventFilter((data) => this.#plan.attempts.failedInStream(data))
      }
      this.#passHead(head)
    } catch (error) {
      this.#break(error)
    }
  }

  onChunk(chunk: Buffer): void {
    if (this.#isOver || this.#head === null) return
    try {
      if (this.#errorChunks === null) this.#pass(chunk, this.#head)
      else this.#keepError(chunk, this.#errorChunks, this.#head)
    } catch (error) {
      this.#break(error)
    }
  }

  onEnd(): void {
    try {
      if (this.#isOver || this.#tryNext()) return
      if (this.#errorChunks === null && this.#head !== null) {
        if (this.#flush()) return this.#endOverAccount()
        this.#plan.caller.response.end()
      }
    } catch (error) {
      return this.#break(error)
    }
    this.#finish('finished')
  }

  /** The caller sees what the gateway saw: a reply that breaks off. An error event here would be our word, not the upstream's. */
  onFailure(error: Error): void {
    const { response } = this.#plan.caller
    if (response.headersSent) {
      const bytesBefore = this.#bytes
      if (this.#flush()) return this.#endOverAccount()
      if (this.#bytes > bytesBefore) this.#breakOff()
      else response.destroy()
    }
    this.#finish('upstream_failed', error)
  }

  cut(lastWords: string): void {
    if (this.#isOver) return
    this.#exchange?.abort()
    const { response } = this.#plan.caller
    if (response.headersSent) {
      // In the middle of an event, further words would make a false event of the half one.
      const hasRoom = this.#isBetweenEvents && isEventStream(this.#head)
      if (hasRoom && !hasLength(this.#head)) response.end(lastWords)
      else response.destroy()
    }
    this.#finish('cut')
  }

  #passHead(head: ReplyHead): void {
    const { response } = this.#plan.caller
    const headers = [...toCallerHeaders(head.rawHeaders), ...this.#plan.ownHeaders(head)]
    response.writeHead(head.status, head.statusText, headers)
    if (!isEventStream(head)) return
    // A head whose first chunk is still on its way leaves alone; one that came with it leaves with it.
    process.nextTick(() => {
      if (this.#bytes === 0 && !this.#isOver) response.flushHeaders()
    })
  }

  #pass(chunk: Buffer, head: ReplyHead): void {
    const passing = this.#filter?.take(chunk)
    this.#passBytes(passing?.bytes ?? chunk)
    this.#plan.onPassed(chunk, head)
    if (passing?.isStopped === true) this.#endOverAccount()
  }

  #passBytes(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#bytes += bytes.length
    this.#write(bytes)
    this.#isBetweenEvents = endsWithBlankLine(bytes)
  }

  /** What was kept back goes on; true when it is an event that must not. */
  #flush(): boolean {
    const rest = this.#filter?.end()
    if (rest === undefined) return false
    this.#passBytes(rest.bytes)
    return rest.isStopped
  }

  #endOverAccount(): void {
    this.#exchange?.abort()
    if (hasLength(this.#head)) this.#breakOff()
    else this.#plan.caller.response.end(this.#plan.accountWords())
    this.#finish('upstream_account')
  }

  /** What was passed in this turn leaves with the next tick, and the connection ends behind it. */
  #breakOff(): void {
    const { socket } = this.#plan.caller.response
    process.nextTick(() => socket?.destroySoon())
  }

  /** After an error that the caller has seen nothing of; its answer used nothing. */
  #tryNext(): boolean {
    if (this.#errorChunks === null || this.#head === null) return false
    const body = Buffer.concat(this.#errorChunks, this.#errorBytes)
    const request = this.#plan.attempts.next(this.#head, body)
    if (request === null) return false
    this.#head = null
    this.#errorChunks = null
    this.#send(request)
    return true
  }

  #keepError(chunk: Buffer, chunks: Buffer[], head: ReplyHead): void {
    if (this.#errorBytes + chunk.length <= errorBodyBytesMax) {
      chunks.push(chunk)
      this.#errorBytes += chunk.length
      return
    }
    // What these say is for the operator, however long it is.
    if (head.status === 401 || head.status === 402) return
    chunks.push(chunk)
    const { response } = this.#plan.caller
    this.#errorChunks = null
    response.writeHead(head.status, head.statusText, toCallerHeaders(head.rawHeaders))
    for (const kept of chunks) {
      this.#bytes += kept.length
      this.#write(kept)
    }
  }

  #write(chunk: Buffer): void {
    const { response } = this.#plan.caller
    if (response.write(chunk) || this.#isPaused) return
    this.#isPaused = true
    this.#exchange?.pause()
    response.once('drain', () => {
      this.#isPaused = false
      this.#exchange?.resume()
    })
  }

  readonly #onCallerLeft = (): void => {
    this.#exchange?.abort()
    this.#finish('caller_left')
  }

  #break(error: unknown): void {
    this.#exchange?.abort()
    if (this.#plan.caller.response.headersSent) this.#plan.caller.response.destroy()
    this.#finish('broken', error instanceof Error ? error : new Error(String(error)))
  }

  #finish(how: RelayEnding, error: Error | null = null): void {
    if (this.#isOver) return
    this.#isOver = true
    const { caller } = this.#plan
    caller.onLeave = null
    const chunks = this.#errorChunks
    const errorBody = chunks === null ? null : Buffer.concat(chunks, this.#errorBytes)
    this.#resolve({
      head: this.#head,
      how,
      errorBody,
      bytes: this.#bytes,
      error,
      wasSent: this.#exchange?.wasSent ?? false,
    })
  }
}

export function isGood(head: ReplyHead | null): boolean {
  return head !== null && head.status >= 200 && head.status < 300
}

export function isEventStream(head: ReplyHead | null): boolean {
  return /^text\/event-stream\b/i.test(contentType(head))
}

/** Words of ours would be longer or shorter than what was announced, and the next reply be read as the rest. */
function hasLength(head: ReplyHead | null): boolean {
  return head !== null && findHeader(head.rawHeaders, 'content-length') !== undefined
}

export function isJson(head: ReplyHead | null): boolean {
  return /^application\/json\b/i.test(contentType(head))
}

function contentType(head: ReplyHead | null): string {
  return (head === null ? undefined : findHeader(head.rawHeaders, 'content-type')) ?? ''
}

const lineFeed = 10
const carriageReturn = 13

function endsWithBlankLine(chunk: Buffer): boolean {
  if (chunk.at(-1) !== lineFeed) return false
  return chunk.at(-2) === lineFeed || (chunk.at(-2) === carriageReturn && chunk.at(-3) === lineFeed)
}
