import { spawn } from 'node:child_process'
import { MessageChannel } from 'node:worker_threads'
import { Asker } from './asker.ts'
import type { Desktop, Ran, RunOptions } from './desktop.ts'

const outputMaxDefault = 256 * 1024

/** The real machine. */
export function systemDesktop(): Desktop {
  const asker = new Asker({
    input: process.stdin,
    output: process.stdout,
    onInterrupt: () => void process.kill(process.pid, 'SIGINT'),
  })
  return {
    isAttended: process.stdin.isTTY === true && process.stdout.isTTY === true,
    readInput,
    ask: (question) => asker.ask(question),
    run,
    runLine: (line, folder) =>
      new Promise((resolve) => {
        const child = spawn(line, { shell: true, stdio: 'inherit', cwd: folder })
        child.once('error', () => resolve(127))
        child.once('exit', (code) => resolve(code ?? 1))
      }),
    ring: () => void process.stderr.write('\u0007'),
    onInterrupt: (callback) => {
      process.on('SIGINT', callback)
      return () => void process.off('SIGINT', callback)
    },
    onOutputClosed: (callback) => {
      process.stdout.on('error', callback)
      return () => void process.stdout.off('error', callback)
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
