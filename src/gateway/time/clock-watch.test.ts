import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { test } from 'node:test'
import { RecordClock } from '../../system/record-clock.ts'
import { ManualClock } from '../../../test/contract/manual-clock.ts'
import { createClockWatch, type ClockWatch } from './clock-watch.ts'
import type { Upstream } from '../reply/upstream.ts'

const hourMs = 3_600_000

type Watched = {
  readonly clock: ManualClock
  readonly record: RecordClock
  readonly watch: ClockWatch
  asked: number
}

/** A process that starts on Monday, when the last entry is from Friday. */
function afterWeekend(answer: (watched: Watched) => Promise<void> | void): Watched {
  const clock = new ManualClock()
  const lastMs = clock.wallMs() - 60 * hourMs
  const record = new RecordClock({ clock, lastMs, onChange: () => {} })
  const storage = { clockStatus: () => ({ ...record.status(), correctsToMs: null }) }
  const upstream: Pick<Upstream, 'send'> = {
    send: (_request, receiver) => {
      watched.asked += 1
      void Promise.resolve(answer(watched)).then(() => receiver.onEnd())
      return { wasSent: true, pause: () => {}, resume: () => {}, abort: () => {} }
    },
  }
  // The storage's other parts are never asked.
  const parts = { storage, clock } as unknown as Parameters<typeof createClockWatch>[0]
  const watched: Watched = { clock, record, asked: 0, watch: createClockWatch(parts, upstream) }
  return watched
}

test('W3: after a weekend without an entry the upstream is asked for the time before anybody is served', async () => {
  const watched = afterWeekend(({ record, clock }) => record.corroborate(clock.wallMs()))
  assert.equal(watched.record.status().isJumpHeld, true)

  await watched.watch.start()

  assert.equal(watched.record.status().isJumpHeld, false)
  assert.equal(watched.record.nowMs(), watched.clock.wallMs())
  watched.clock.pass(10 * hourMs)
  assert.equal(watched.asked, 1)
  watched.watch.stop()
})

test('W3: an upstream that does not answer holds up a start for seconds only, and is asked again', async () => {
  let isAway = true
  const watched = afterWeekend(({ record, clock }) => {
    if (isAway) return new Promise(() => {})
    record.corroborate(clock.wallMs())
    return undefined
  })
  const started = watched.watch.start()
  watched.clock.pass(3000)
  await started
  assert.equal(watched.record.status().isJumpHeld, true)

  isAway = false
  watched.clock.pass(30_000)
  await nextTurn()

  assert.equal(watched.asked, 2)
  assert.equal(watched.record.status().isJumpHeld, false)
  watched.watch.stop()
})

test('W3: a witness that disagrees with the wall clock keeps the jump held', async () => {
  const watched = afterWeekend(({ record, clock }) =>
    record.corroborate(clock.wallMs() - 50 * hourMs),
  )

  await watched.watch.start()

  assert.equal(watched.record.status().isJumpHeld, true)
  watched.watch.stop()
  watched.clock.pass(hourMs)
  assert.equal(watched.asked, 1)
})

test('W3: without a witness nobody is asked, and a start does not wait', async () => {
  const { clock, record } = afterWeekend(() => {})
  const storage = { clockStatus: () => ({ ...record.status(), correctsToMs: null }) }
  const parts = { storage, clock } as unknown as Parameters<typeof createClockWatch>[0]
  const watch = createClockWatch(parts, null)

  await watch.start()

  assert.equal(record.status().isJumpHeld, true)
  watch.stop()
})
