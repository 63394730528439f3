import { run } from 'node:test'

/**
 * Runs the test files that it is given, in a process of its own, and says each failure as a JSON line at once,
 * so that whoever waits for the first one need not wait for the rest.
 */
const testMaxMs = 2 * 60_000

export type Line =
  | { readonly kind: 'failed'; readonly name: string; readonly file: string }
  /** No test failed and yet the file did: it does not load, or the process ended. */
  | { readonly kind: 'broken'; readonly file: string; readonly why: string }
  | { readonly kind: 'end'; readonly passed: number }

const say = (line: Line): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

const events = run({ files: process.argv.slice(2), concurrency: 1, timeout: testMaxMs })
events.on('test:fail', ({ name, file = '', details }) => {
  const error = details.error as Error & { failureType?: string }
  if (error.failureType === 'subtestsFailed') return
  if (name === file) say({ kind: 'broken', file, why: error.message })
  else say({ kind: 'failed', name, file })
})
events.on('test:summary', ({ file, counts }) => {
  if (file === undefined) say({ kind: 'end', passed: counts.passed })
})
events.resume()
