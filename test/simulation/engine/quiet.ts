import { createHook } from 'node:async_hooks'

/** What this process has open all the time; anything else is work that is under way. */
const atRest: ReadonlySet<string> = new Set([
  'Timeout',
  'TTYWrap',
  'PipeWrap',
  'FSEventWrap',
  'MessagePort',
  'ProcessWrap',
  'SignalWrap',
])

/** Files that are being read or written; Node does not list all of them as work under way. */
const files = new Set<number>()
const filesHook = createHook({
  init: (id, type) => {
    if (type.startsWith('FSREQ') || type === 'FILEHANDLECLOSEREQ') files.add(id)
  },
  after: (id) => void files.delete(id),
})

/** Whether somebody wants it watched, and whether it is. */
let isWanted = false
let isWatched = false

/**
 * A server that starts reads files beside SQLite; watching costs too much to do it all the time. It goes on until those
 * that are open are through: a server that dies over one would leave it open for ever.
 */
export function watchFiles(isOn: boolean): void {
  isWanted = isOn
  if (!isOn || isWatched) return
  isWatched = true
  filesHook.enable()
}

function stopWatching(): void {
  isWatched = false
  filesHook.disable()
}

/**
 * Resolves when nothing is left to do in this process until the world does something: no turn of the event loop
 * is asked for, no file is being read. Promises that are ready have run by then.
 */
export async function untilQuiet(): Promise<void> {
  for (;;) {
    await new Promise<void>((resolve) => void setImmediate(resolve))
    if (files.size > 0) continue
    if (isWatched && !isWanted) stopWatching()
    if (process.getActiveResourcesInfo().every((resource) => atRest.has(resource))) return
  }
}
