import { write, writeSync } from 'node:fs'

/**
 * Where log lines leave: together, on another thread, so that a slow output slows no request. An output
 * that takes nothing (a full disk, a reader that is gone) costs lines, never memory without end, and never
 * a process that cannot end: the usual library's last flush waits for a full disk for ever.
 */
export class LogOutput {
  readonly #file: number
  #waiting: string[] = []
  #waitingLetters = 0
  #isWriting = false

  constructor(file: number) {
    this.#file = file
  }

  /** Takes a whole line, with its line break. */
  write(line: string): void {
    this.#add(line)
    if (!this.#isWriting) this.#writeNext()
  }

  /** Takes a whole line and has it written, after those that wait, before it returns. */
  writeAtOnce(line: string): void {
    this.#add(line)
    this.flush()
  }

  /**
   * Writes what waits before it returns, as far as the output takes it. What another thread has just begun
   * to write is not waited for: it is written if the process ends by an exit, and may be lost by a signal.
   */
  flush(): void {
    let rest = this.#take()
    const triesMax = 100
    for (let tries = 0; rest.length > 0 && tries < triesMax; tries += 1) {
      try {
        rest = rest.subarray(writeSync(this.#file, rest))
      } catch (error) {
        if (!isBusy(error)) return
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, busyWaitMs)
      }
    }
  }

  #add(line: string): void {
    if (this.#waitingLetters + line.length > waitingLettersMax) return
    this.#waiting.push(line)
    this.#waitingLetters += line.length
  }

  #writeNext(): void {
    const bytes = this.#take()
    this.#isWriting = bytes.length > 0
    if (this.#isWriting) this.#writeBytes(bytes)
  }

  #writeBytes(bytes: Buffer): void {
    write(this.#file, bytes, (error, written) => {
      if (error === null && written < bytes.length) {
        this.#writeBytes(bytes.subarray(written))
      } else if (isBusy(error)) {
        setTimeout(() => this.#writeBytes(bytes), busyWaitMs).unref()
      } else {
        this.#writeNext()
      }
    })
  }

  #take(): Buffer {
    const bytes = Buffer.from(this.#waiting.join(''))
    this.#waiting = []
    this.#waitingLetters = 0
    return bytes
  }
}

const waitingLettersMax = 16 * 1024 * 1024
const busyWaitMs = 10

const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'EAGAIN' || error.code === 'EBUSY')
