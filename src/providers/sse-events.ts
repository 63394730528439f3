/** Bytes of somebody's buffer, from `start` up to `end`. */
export type Span = { readonly bytes: Buffer; readonly start: number; readonly end: number }

/** The data of one event. */
export type EventData = Span & {
  /** Set when the data was longer than the bound: the span is only its beginning. */
  readonly isCutOff: boolean
  /** Length of the whole data. */
  readonly byteCount: number
  /** From the `event:` line, where it says `error`. */
  readonly isNamedError: boolean
}

/** A line without its end; `byteCount` is its length, of which a very long one shows only the beginning. */
type Line = Span & { readonly byteCount: number }

/** Longer events are not kept: none that has to be understood comes near it. */
export const eventBytesMax = 1024 * 1024
/** Enough of the beginning of a long event to tell what it is. */
const headBytesMax = 256
const restBytesFirst = 512

const lineFeed = 0x0a
const carriageReturn = 0x0d
const space = 0x20
const dataField = Buffer.from('data:')
const eventField = Buffer.from('event:')

/**
 * Cuts a stream of server-sent events into events, whatever the cuts between chunks, and hands over the
 * data of each. It copies only what a later chunk has to complete, and never more than a bound.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export class EventCutter {
  readonly #onEvent: (data: EventData) => void
  /** The beginning of a line that goes on in a later chunk, in a buffer that grows; of a very long one only its head. */
  #rest = Buffer.alloc(0)
  #restKept = 0
  #restBytes = 0
  #data: EventData | undefined
  /** Whether the data stands in a buffer of our own. */
  #isDataOurs = false
  #isNamedError = false
  /** The last chunk ended with a carriage return, whose line feed may come with the next one. */
  #skipsLineFeed = false

  constructor(onEvent: (data: EventData) => void) {
    this.#onEvent = onEvent
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let start = this.#skipsLineFeed && bytes[0] === lineFeed ? 1 : 0
    this.#skipsLineFeed = false
    let feed = bytes.indexOf(lineFeed, start)
    let back = bytes.indexOf(carriageReturn, start)
    while (feed !== -1 || back !== -1) {
      const isReturn = back !== -1 && (feed === -1 || back < feed)
      const lineEnd = isReturn ? back : feed
      if (this.#restBytes > 0) this.#takeRest(bytes.subarray(start, lineEnd))
      else this.#takeLine({ bytes, start, end: lineEnd, byteCount: lineEnd - start })
      start = lineEnd + 1
      if (isReturn && bytes[start] === lineFeed) start += 1
      this.#skipsLineFeed = isReturn && start === bytes.length && bytes[start - 1] !== lineFeed
      if (feed !== -1 && feed < start) feed = bytes.indexOf(lineFeed, start)
      if (back !== -1 && back < start) back = bytes.indexOf(carriageReturn, start)
    }
    if (start < bytes.length) this.#keep(bytes.subarray(start))
    // The chunk is its owner's again after this call.
    if (this.#data !== undefined && !this.#isDataOurs) this.#data = copied(this.#data)
    this.#isDataOurs = true
  }

  /** The stream ended: what stands last counts as whole, as client libraries take it. */
  end(): void {
    if (this.#restBytes > 0) this.#takeRest(Buffer.alloc(0))
    this.#dispatch()
  }

  #keep(piece: Buffer): void {
    this.#restBytes += piece.length
    const isLong = this.#restBytes > eventBytesMax
    if (isLong && this.#restKept > headBytesMax) {
      this.#rest = Buffer.from(this.#rest.subarray(0, headBytesMax))
      this.#restKept = headBytesMax
    }
    const taken = isLong ? Math.min(piece.length, headBytesMax - this.#restKept) : piece.length
    const kept = this.#restKept + taken
    if (kept > this.#rest.length) {
      const grown = Buffer.alloc(Math.max(kept, 2 * this.#rest.length, restBytesFirst))
      this.#rest.copy(grown, 0, 0, this.#restKept)
      this.#rest = grown
    }
    piece.copy(this.#rest, this.#restKept, 0, taken)
    this.#restKept = kept
  }

  /** Ends the line that began in an earlier chunk. */
  #takeRest(piece: Buffer): void {
    this.#keep(piece)
    const line = { bytes: this.#rest, start: 0, end: this.#restKept, byteCount: this.#restBytes }
    // The line keeps this buffer; the next one gets its own.
    this.#rest = Buffer.alloc(0)
    this.#restKept = 0
    this.#restBytes = 0
    this.#takeLine(line)
  }

  #takeLine(line: Line): void {
    if (line.byteCount === 0) this.#dispatch()
    else if (startsWith(line, line.start, dataField)) {
      const data = dataOf(line)
      this.#isDataOurs = this.#data !== undefined
      this.#data = this.#data === undefined ? data : joined(this.#data, data)
    } else if (startsWith(line, line.start, eventField)) {
      const name = line.bytes.toString('latin1', line.start + eventField.length, line.end)
      this.#isNamedError = name.trim() === 'error'
    }
  }

  #dispatch(): void {
    const data = this.#data
    const isNamedError = this.#isNamedError
    this.#data = undefined
    this.#isNamedError = false
    if (data !== undefined) this.#onEvent(isNamedError ? { ...data, isNamedError } : data)
  }
}

/** Whether a span has these bytes at a place; short patterns are faster by hand. */
export function startsWith({ bytes, end }: Span, at: number, pattern: Buffer): boolean {
  if (end - at < pattern.length) return false
  for (let i = 0; i < pattern.length; i += 1) if (bytes[at + i] !== pattern[i]) return false
  return true
}

function dataOf({ bytes, start, end, byteCount }: Line): EventData {
  let from = start + dataField.length
  if (bytes[from] === space) from += 1
  const isCutOff = byteCount > eventBytesMax
  return {
    bytes,
    start: from,
    end: isCutOff ? Math.min(end, start + headBytesMax) : end,
    isCutOff,
    byteCount: byteCount - (from - start),
    isNamedError: false,
  }
}

function copied(data: EventData): EventData {
  const bytes = Buffer.from(data.bytes.subarray(data.start, data.end))
  return { ...data, bytes, start: 0, end: bytes.length }
}

/** Several data lines are one text with line feeds between. */
function joined(first: EventData, next: EventData): EventData {
  const byteCount = first.byteCount + 1 + next.byteCount
  if (first.isCutOff || byteCount > eventBytesMax) return { ...first, isCutOff: true, byteCount }
  const bytes = Buffer.concat([
    first.bytes.subarray(first.start, first.end),
    Buffer.of(lineFeed),
    next.bytes.subarray(next.start, next.end),
  ])
  return { ...first, bytes, start: 0, end: bytes.length, byteCount }
}
