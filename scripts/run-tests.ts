import { relative } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { run } from 'node:test'
import { spec, type TestEvent } from 'node:test/reporters'

/** Runs test files and prints them as they end; what was left out is told just before the closing lines. */

/** A hung test fails instead of hanging the run. */
const testMaxMs = 4 * 60_000

export type TestRun = {
  readonly isPassed: boolean
  /** What is wrong with the run as a whole, beside failing tests. */
  readonly faults: readonly string[]
}

export async function runTests(files: readonly string[], root: string): Promise<TestRun> {
  const faults: string[] = []
  const leftOut = new Map<string, number>()
  const result = { isPassed: false, executedCount: 0 }

  async function* watched(events: AsyncIterable<TestEvent>): AsyncGenerator<TestEvent> {
    for await (const event of events) {
      if (event.type === 'test:pass') watchPass(event.data)
      if (event.type === 'test:diagnostic' && /^tests \d+$/.test(event.data.message)) {
        yield* leftOutLines()
      }
      if (event.type === 'test:summary' && event.data.file === undefined) {
        result.isPassed = event.data.success
        result.executedCount = event.data.counts.passed
      }
      yield event
    }
  }

  function watchPass(test: Extract<TestEvent, { type: 'test:pass' }>['data']): void {
    if (test.skip !== undefined && test.skip !== false) {
      const why =
        test.skip === true || test.skip === '' ? `${test.name} (no reason given)` : test.skip
      leftOut.set(why, (leftOut.get(why) ?? 0) + 1)
    }
    if (test.todo !== undefined && test.todo !== false) faults.push(`not finished: ${test.name}`)
    // A file without tests is reported as one test that has the file's name, and passes.
    if (test.name === test.file) faults.push(`no test in ${relative(root, test.file)}`)
  }

  function* leftOutLines(): Generator<TestEvent> {
    for (const [why, count] of leftOut) {
      const message = `left out: ${why} [${count} ${count === 1 ? 'test' : 'tests'}]`
      yield { type: 'test:diagnostic', data: { message, nesting: 0, level: 'warn' } as never }
    }
  }

  const events = run({ files: [...files], concurrency: 2, timeout: testMaxMs })
  await pipeline(
    Readable.from(watched(events as AsyncIterable<TestEvent>)),
    spec(),
    process.stdout,
    {
      end: false,
    },
  )
  if (result.executedCount === 0) faults.push('no test ran')
  return { isPassed: result.isPassed && faults.length === 0, faults }
}
