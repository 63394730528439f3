import { spawn } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'
import { MessageChannel } from 'node:worker_threads'
import type { Desktop, Ran, RunOptions } from './desktop.ts'

const outputMaxDefault = 256 * 1024

/** The real machine. */
export function systemDesktop(): Desktop {
  const asker = new Asker()
  return {
    isAttended: process.stdin.isTTY === true && process.stdout.isTTY === true,
    readInput,
    ask: (question) => asker.ask(question),
    run,
    runLine: (line) =>
      new Promise((resolve) => {
        const child = spawn(line, { shell: true, stdio: 'inherit' })
        child.once('error', () => resolve(127))
        child.once('exit', (code) => resolve(code ?? 1))
      }),
    onInterrupt: (callback) => {
      process.on('SIGINT', callback)
      return () => void process.off('SIGINT', callback)
    },
    stayAwake,
  }
}

async function readInput(bytesMax: number): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of process.stdin) {
    const part = chunk as Buffer
    // What was said last matters most in a stream of records.
    chunks.push(part)
    bytes += part.length
    while (bytes > bytesMax && chunks.length > 1) bytes -= chunks.shift()?.length ?? 0
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** One reader for all questions: what is typed ahead of one belongs to the next. */
class Asker {
  readonly #lines: string[] = []
  #reader: Interface | undefined
  #take: ((line: string) => void) | undefined
  #isClosed = false

  ask(question: string): Promise<string> {
    if (this.#isClosed) return Promise.resolve('')
    const reader = (this.#reader ??= this.#open())
    reader.setPrompt(question)
    reader.resume()
    reader.prompt()
    const ahead = this.#lines.shift()
    if (ahead !== undefined) {
      process.stdout.write(`${ahead}\n`)
      reader.pause()
      return Promise.resolve(ahead)
    }
    return new Promise((resolve) => {
      this.#take = (line) => {
        this.#take = undefined
        // A paused reader lets the process end.
        reader.pause()
        resolve(line)
      }
    })
  }

  #open(): Interface {
    const reader = createInterface({ input: process.stdin, output: process.stdout })
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
      process.kill(process.pid, 'SIGINT')
    })
    return reader
  }
}

function run(program: string, args: readonly string[], options: RunOptions): Promise<Ran> {
  const { timeoutMs, folder, outputMax = outputMaxDefault } = options
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      ...(folder === undefined ? {} : { cwd: folder }),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      windowsHide: true,
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        if (output.length < outputMax) output += text
      })
    }
    child.once('error', () => resolve({ code: undefined, output }))
    child.once('close', (code) => resolve({ code: code ?? undefined, output }))
  })
}

/** The clock's timers let a process end; an open port does not. */
function stayAwake(): () => void {
  const { port1 } = new MessageChannel()
  port1.ref()
  return () => port1.close()
}
