import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'

/** How this process is doing: how long work waits for its turn, and how much memory is taken. */
export type ProcessWatch = {
  look(): {
    /** The 99th percentile since the last look. */
    readonly eventLoopDelayMs: number
    readonly memory: {
      readonly heapBytes: number
      readonly heapMaxBytes: number
      readonly residentBytes: number
    }
  }
  close(): void
}

const sampleEveryMs = 20

export function watchProcess(): ProcessWatch {
  const delays = monitorEventLoopDelay({ resolution: sampleEveryMs })
  delays.enable()
  return {
    look: () => {
      const measured = delays.percentile(99) / 1_000_000
      delays.reset()
      const { used_heap_size: heapBytes, heap_size_limit: heapMaxBytes } = getHeapStatistics()
      return {
        // What is measured holds the sampling's own wait.
        eventLoopDelayMs: Number.isFinite(measured) ? Math.max(0, measured - sampleEveryMs) : 0,
        memory: { heapBytes, heapMaxBytes, residentBytes: process.memoryUsage.rss() },
      }
    },
    close: () => void delays.disable(),
  }
}
