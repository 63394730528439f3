import { createInterface, type Interface } from 'node:readline'

type Keyboard = {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
  /** Ctrl-C at a question. */
  readonly onInterrupt: () => void
}

/** One reader for all questions: what is typed ahead of one belongs to the next. */
export class Asker {
  readonly #keyboard: Keyboard
  readonly #lines: string[] = []
  #reader: Interface | undefined
  #take: ((line: string) => void) | undefined
  #isClosed = false

  constructor(keyboard: Keyboard) {
    this.#keyboard = keyboard
  }

  ask(question: string): Promise<string> {
    if (this.#isClosed) return Promise.resolve(this.#lines.shift() ?? '')
    const reader = (this.#reader ??= this.#open())
    const ahead = this.#lines.shift()
    if (ahead !== undefined) {
      this.#keyboard.output.write(`${question}${ahead}\n`)
      return Promise.resolve(ahead)
    }
    reader.setPrompt(question)
    reader.resume()
    reader.prompt()
    return new Promise((resolve) => {
      this.#take = (line) => {
        this.#take = undefined
        // A paused reader lets the process end.
        if (!this.#isClosed) reader.pause()
        resolve(line)
      }
    })
  }

  #open(): Interface {
    const { input, output, onInterrupt } = this.#keyboard
    const reader = createInterface({ input, output })
    reader.on('line', (line) => {
      if (this.#take === undefined) this.#lines.push(line)
      else this.#take(line)
    })
    reader.on('close', () => {
      this.#isClosed = true
      this.#take?.('')
    })
    reader.on('SIGINT', () => {
      reader.close()
      onInterrupt()
    })
    return reader
  }
}
