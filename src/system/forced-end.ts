import { Worker } from 'node:worker_threads'

/**
 * Ends this process by force after so long, however stuck it is: a thread of its own neither waits for the
 * event loop nor for the thread that writes the journal, which a plain exit would. The journal is whole
 * whenever the process ends. The first process of a container cannot end itself so; its runtime does.
 */
export function armForcedEnd(afterMs: number): void {
  new Worker(program, { eval: true, workerData: { afterMs } }).unref()
}

// As text: on a disk that hangs, a file could not be read any more.
const program = `
const { workerData } = require('node:worker_threads')
const { write } = require('node:fs')
const end = () => process.kill(process.pid, 'SIGKILL')
setTimeout(() => {
  setTimeout(end, 200)
  const seconds = Math.round(workerData.afterMs / 1000)
  write(2, 'The stop hangs after ' + seconds + ' s and is ended by force. Nothing acknowledged is lost; the next start ends the holds that are left.\\n', end)
}, workerData.afterMs)
`
