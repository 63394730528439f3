/**
 * Finds an `event: error` in a stream that passes, so that one about the operator's own account does not
 * reach the caller as if it were the caller's. Everything else passes at once and as it came; only what can
 * still become such an event is kept back until it shows what it is, and at most this much of it.
 */
const eventBytesMax = 64 * 1024

const opening = Buffer.from('event: error')
const openingLine = Buffer.from('event: error\r')
const lineFeed = 0x0a
const carriageReturn = 0x0d
const nothing = Buffer.alloc(0)

export type Passing = {
  readonly bytes: Buffer
  /** The event after these bytes is one to keep from the caller; the stream ends for them here. */
  readonly isStopped: boolean
}

export class ErrorEventFilter {
  readonly #isUnfit: (event: string) => boolean
  #held: Buffer = nothing
  #isLineStart = true

  /** `isUnfit` sees the data of each error event. */
  constructor(isUnfit: (event: string) => boolean) {
    this.#isUnfit = isUnfit
  }

  take(chunk: Buffer): Passing {
    // Nearly every chunk holds no such event and ends with a line: nothing to keep, nothing to copy.
    const isPlain = this.#held.length === 0 && chunk.at(-1) === lineFeed && !chunk.includes(opening)
    if (isPlain) {
      this.#isLineStart = true
      return { bytes: chunk, isStopped: false }
    }
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    this.#held = nothing
    return this.#search(bytes)
  }

  /** The stream is over: what was kept goes on, unless it is an event to keep after all. */
  end(): Passing {
    const bytes = this.#held
    this.#held = nothing
    const isStopped = isOpening(bytes) && this.#isUnfit(dataOf(bytes))
    return { bytes: isStopped ? nothing : bytes, isStopped }
  }

  #search(bytes: Buffer): Passing {
    let from = 0
    for (;;) {
      const start = this.#findOpening(bytes, from)
      if (start === -1) return this.#keepFrom(bytes, this.#partialAt(bytes, from))
      const end = endOfEvent(bytes, start)
      if (end === -1) {
        const isTooLong = bytes.length - start > eventBytesMax
        return this.#keepFrom(bytes, isTooLong ? bytes.length : start)
      }
      if (this.#isUnfit(dataOf(bytes.subarray(start, end)))) {
        return { bytes: bytes.subarray(0, start), isStopped: true }
      }
      from = end
    }
  }

  /** Where a line `event: error` begins, whole. */
  #findOpening(bytes: Buffer, from: number): number {
    let at = bytes.indexOf(opening, from)
    while (at !== -1) {
      const after = bytes[at + opening.length]
      const isWhole = after === lineFeed || after === carriageReturn
      if (isWhole && this.#isAtLineStart(bytes, at)) return at
      at = bytes.indexOf(opening, at + 1)
    }
    return -1
  }

  /** Where the last line begins, when it may still become that line; else the end. */
  #partialAt(bytes: Buffer, from: number): number {
    const start = Math.max(from, bytes.lastIndexOf(lineFeed) + 1)
    const length = bytes.length - start
    const isPossible =
      length > 0 && length <= openingLine.length && this.#isAtLineStart(bytes, start)
    if (!isPossible) return bytes.length
    return bytes.subarray(start).equals(openingLine.subarray(0, length)) ? start : bytes.length
  }

  #isAtLineStart(bytes: Buffer, at: number): boolean {
    return at === 0 ? this.#isLineStart : bytes[at - 1] === lineFeed
  }

  #keepFrom(bytes: Buffer, at: number): Passing {
    this.#held = Buffer.from(bytes.subarray(at))
    if (at > 0) this.#isLineStart = bytes[at - 1] === lineFeed
    return { bytes: bytes.subarray(0, at), isStopped: false }
  }
}

function isOpening(bytes: Buffer): boolean {
  return bytes.subarray(0, opening.length).equals(opening)
}

function endOfEvent(bytes: Buffer, start: number): number {
  const plain = bytes.indexOf('\n\n', start)
  const carried = bytes.indexOf('\r\n\r\n', start)
  if (plain === -1 || (carried !== -1 && carried < plain)) return carried === -1 ? -1 : carried + 4
  return plain + 2
}

function dataOf(event: Buffer): string {
  const lines = event.toString('utf8').split(/\r?\n/)
  return lines
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice('data:'.length).trimStart())
    .join('\n')
}
