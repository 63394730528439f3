import { closeSync, readSync } from 'node:fs'
import { openRegularFile } from './open-regular-file.ts'

const chunkBytes = 256 * 1024
/** A longer line is an attachment or no transcript at all; a refusal has a few kilobytes. */
const lineBytesMax = 8 * 1024 * 1024
const newline = 0x0a

/**
 * The lines of a file from the last to the first, in memory that does not grow with the file. A file that is
 * being written is read as long as it was when it was opened.
 */
export function* linesFromEnd(
  path: string,
  { bytesMax }: { readonly bytesMax: number },
): Generator<string, void, void> {
  const { handle, bytes } = openRegularFile(path)
  try {
    const startAt = Math.max(0, bytes - bytesMax)
    const rest = new Rest()
    for (let end = bytes; end > startAt;) {
      const start = Math.max(startAt, end - chunkBytes)
      yield* rest.linesOf(readWhole(handle, start, end - start))
      end = start
    }
    // Where the bound cut a line in two, its end alone says nothing.
    if (startAt === 0) {
      const first = rest.takeBehind(Buffer.alloc(0))
      if (first !== '') yield first
    }
  } finally {
    closeSync(handle)
  }
}

/** The end of a line whose beginning stands in a chunk that is still to come. */
class Rest {
  #parts: Buffer[] = []
  #bytes = 0

  /** Parts come from the end, so each new one goes before the others. */
  #add(part: Buffer): void {
    this.#bytes += part.length
    if (this.#bytes > lineBytesMax) this.#parts = []
    else this.#parts.unshift(part)
  }

  /** The whole lines that end in a chunk, the last first; its beginning waits for the chunk before it. */
  *linesOf(chunk: Buffer): Generator<string, void, void> {
    let lineEnd = chunk.length
    while (lineEnd > 0) {
      const at = chunk.lastIndexOf(newline, lineEnd - 1)
      if (at === -1) break
      const line = this.takeBehind(chunk.subarray(at + 1, lineEnd))
      if (line !== '') yield line
      lineEnd = at
    }
    this.#add(chunk.subarray(0, lineEnd))
  }

  takeBehind(beginning: Buffer): string {
    const isTooLong = this.#bytes + beginning.length > lineBytesMax
    const text = isTooLong
      ? ''
      : Buffer.concat([beginning, ...this.#parts])
          .toString('utf8')
          .trim()
    this.#parts = []
    this.#bytes = 0
    return text
  }
}

function readWhole(handle: number, position: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(length)
  let filled = 0
  while (filled < length) {
    const read = readSync(handle, buffer, filled, length - filled, position + filled)
    // The file became shorter meanwhile.
    if (read === 0) return buffer.subarray(0, filled)
    filled += read
  }
  return buffer
}
