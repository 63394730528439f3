import { parentPort, workerData } from 'node:worker_threads'
import { openAsker } from './closed-loop.ts'

/**
 * An honest caller in a thread of its own, so that what it sees is the server's doing and not that of the
 * thread which makes the flood: one request after another, until it is told to stop.
 */
const { url, bytes, samplesMin } = workerData as {
  readonly url: string
  readonly bytes: Uint8Array
  readonly samplesMin: number
}

const pauseMs = 5
const tookMs: number[] = []
let refused = 0
let isOver = false

parentPort?.once('message', () => {
  isOver = true
})
const asker = await openAsker(url)
while (!isOver || tookMs.length < samplesMin) {
  const startedMs = performance.now()
  const status = await asker.ask(Buffer.from(bytes))
  tookMs.push(performance.now() - startedMs)
  if (status !== 200) refused += 1
  await new Promise((resolve) => setTimeout(resolve, pauseMs))
}
asker.leave()
tookMs.sort((a, b) => a - b)
const at = (share: number): number =>
  tookMs[Math.min(tookMs.length - 1, Math.floor(tookMs.length * share))] ?? NaN
parentPort?.postMessage({ tried: tookMs.length, refused, p50Ms: at(0.5), p99Ms: at(0.99) })
