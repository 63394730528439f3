import { bad, fine, sizeText, warning, type Check, type Finding } from '../check.ts'
import type { ServerFacts } from '../server-facts.ts'
import { shellWord } from '../../config/shell-word.ts'

/** Checks of the process and what the system gives it. */
export const processChecks: readonly Check<ServerFacts>[] = [
  { id: 'open-files', look: lookAtOpenFiles },
  { id: 'event-loop', look: lookAtEventLoop },
  { id: 'memory', look: lookAtMemory },
  { id: 'log', look: lookAtLog },
  { id: 'node', look: lookAtNode },
]

/** Connections to the upstream, the journal, pages and pipes come on top of those of callers. */
const otherFiles = 500

function lookAtOpenFiles({ openFiles }: ServerFacts): Finding {
  const { count, max, connectionsMax } = openFiles
  if (max === null || count === null)
    return fine('The system does not say how many files may be open.')
  const raise = {
    say: 'Raise the bound: LimitNOFILE=65536 in the unit, --ulimit nofile=65536 for a container, or before the start:',
    run: 'ulimit -n 65536',
  }
  if (count > max * 0.8) {
    return bad({
      found: `${count} of ${max} files are open.`,
      meaning:
        'Soon no connection can be taken, and the journal cannot be opened again after a fault.',
      ...raise,
    })
  }
  if (max < connectionsMax + otherFiles) {
    return warning({
      found: `At most ${max} files may be open, and the gateway takes ${connectionsMax} connections.`,
      meaning: 'Under load, connections fail before the gateway turns them away in order.',
      ...raise,
    })
  }
  return fine(`${count} of ${max === Infinity ? 'unlimited' : max} files are open.`)
}

const delayLongMs = 200
const delayTooLongMs = 2000

function lookAtEventLoop({ eventLoopDelayMs }: ServerFacts): Finding {
  const found = `Work waits ${Math.round(eventLoopDelayMs)} ms for its turn (99th percentile).`
  if (eventLoopDelayMs < delayLongMs) return fine(found)
  const trouble = {
    found,
    meaning:
      'Every request is so much slower: the machine is busy, or too small for what is asked of it.',
    say: 'See what else runs on this machine, and give the server a core of its own:',
    run: 'top -b -n 1 | head -20',
  }
  return eventLoopDelayMs < delayTooLongMs ? warning(trouble) : bad(trouble)
}

function lookAtMemory({ memory }: ServerFacts): Finding {
  const { heapBytes, heapMaxBytes, residentBytes } = memory
  const found = `${sizeText(residentBytes)} of memory are taken; ${sizeText(heapBytes)} of ${sizeText(heapMaxBytes)} of the heap.`
  if (heapBytes < heapMaxBytes * 0.85) return fine(found)
  return bad({
    found,
    meaning:
      'The process ends when the heap is full; the journal is whole then, and running requests break off.',
    say: 'Give it more memory, and say so to Node before the start:',
    run: 'export NODE_OPTIONS=--max-old-space-size=4096',
  })
}

const logLargeBytes = 1_000_000_000

function lookAtLog({ log }: ServerFacts): Finding {
  const { path, file, isWritable } = log
  if (path === null) return fine('The log goes to standard output.')
  if (file === null || !isWritable) {
    return bad({
      found: `The log ${path} is gone or cannot be written.`,
      meaning: 'Requests are served and billed; nobody can read afterwards why one failed.',
      say: 'Make the folder writable and restart the server, or let the log go to standard output with --log-file -',
      run: null,
    })
  }
  if (file.bytes < logLargeBytes) return fine(`The log has ${sizeText(file.bytes)}.`)
  return warning({
    found: `The log ${path} has ${sizeText(file.bytes)}.`,
    meaning: 'It grows until the disk is full.',
    say: 'Empty it (the server goes on writing at its end), and let logrotate do so with copytruncate:',
    run: `: > ${shellWord(path)}`,
  })
}

function lookAtNode({ node }: ServerFacts): Finding {
  const { version, pinned } = node
  if (pinned === null) return fine(`Node ${version}; no pinned one is installed for this machine.`)
  if (version === pinned) return fine(`Node ${version}, as pinned.`)
  return warning({
    found: `This is Node ${version}; Plimsoll is tested with ${pinned}.`,
    meaning: 'Small differences between versions may show.',
    say: 'Start it through its door, which takes the pinned Node:',
    run: 'npm start',
  })
}
