import assert from 'node:assert/strict'
import test from 'node:test'
import { ManualClock } from '../../test/contract/manual-clock.ts'
import type { Figures } from '../core/decision.ts'
import { Telemetry, type FinishedRequest } from './telemetry.ts'
import type { TrafficCount } from './traffic.ts'

const figures = (member: string): Figures =>
  ({ customerId: 'acme', memberId: member }) as unknown as Figures

const request = (more: Partial<FinishedRequest> & { readonly route?: string }): FinishedRequest =>
  ({ route: 'messages', ...more }) as FinishedRequest

function begin() {
  const clock = new ManualClock()
  const telemetry = new Telemetry(clock, () => clock.wallMs())
  const counts = (): Partial<Record<TrafficCount, number>> => {
    const { points } = telemetry.traffic.read(clock.wallMs(), { minutes: 60, stepMinutes: 60 })
    return points.at(-1)?.counts ?? {}
  }
  return { clock, telemetry, counts }
}

test('an admitted request runs until it is finished, and counts its tokens, cost and time', () => {
  const { clock, telemetry } = begin()
  const startedMs = telemetry.startedDeciding()
  clock.pass(12)
  telemetry.decided(figures('ann'), 'plan', startedMs)
  const running = telemetry.runningCount

  const done = { source: 'plan', outcome: 'finished', upstreamStatus: 200, costNanos: '700' }
  telemetry.finished(request({ ...done, usage_input: 10, usage_cache_read: 5 }), 200)

  const { points } = telemetry.traffic.read(clock.wallMs(), { minutes: 60, stepMinutes: 60 })
  assert.equal(running, 1)
  assert.equal(telemetry.runningCount, 0)
  assert.deepEqual(points.at(-1)?.counts, { plan: 1, tokens: 15, decided: 1, decided_ms: 12 })
  assert.equal(points.at(-1)?.costNanos, 700n)
  assert.equal(points.at(-1)?.slowestMs, 12)
})

/** What is known of a request at its end, the status of its answer, and what is counted. */
const ends: readonly [
  Partial<FinishedRequest>,
  number | null,
  Partial<Record<TrafficCount, number>>,
][] = [
  [{ source: 'plan', outcome: 'finished', upstreamStatus: 529 }, 529, { upstream_failed: 1 }],
  [{ source: 'plan', outcome: 'upstream_unreachable' }, 502, { upstream_failed: 1 }],
  [{ source: 'plan', outcome: 'upstream_busy' }, 503, { upstream_failed: 1, answered_503: 1 }],
  [{ source: 'plan', outcome: 'incomplete', upstreamStatus: 200 }, 200, { upstream_failed: 1 }],
  [{ source: 'plan', outcome: 'caller_left', upstreamStatus: 200 }, 200, { left_midway: 1 }],
  [{ source: 'plan', outcome: 'hold_expired', upstreamStatus: 200 }, 200, { cut: 1 }],
  [{ source: 'plan', outcome: 'fault' }, 500, { fault: 1 }],
  [{ outcome: 'denied', reason: 'reserved' }, 429, { reserved: 1 }],
  [{ outcome: 'too_fast' }, 429, { too_fast: 1 }],
  [{ outcome: 'limits_unavailable' }, 503, { limits_unavailable: 1, answered_503: 1 }],
  [{ outcome: 'stopping' }, 503, { stopping: 1, answered_503: 1 }],
  [{ outcome: 'caller_left' }, null, { caller_left: 1 }],
  [{ route: 'models', outcome: 'finished' }, 200, { uncharged: 1 }],
  [{ route: 'unknown', outcome: 'unmetered_path' }, 404, { unmetered_path: 1 }],
]

test('every way in which a request can end is counted once, under its own name', () => {
  for (const [end, status, expected] of ends) {
    const { telemetry, counts } = begin()

    telemetry.finished(request(end), status)

    assert.deepEqual(counts(), expected, JSON.stringify(end))
  }
})

test('refusals of somebody known are listed; what a caller did wrong is only counted', () => {
  const { telemetry, counts } = begin()
  const known = { customerId: 'acme', memberId: 'ann', keyId: 'key' }

  telemetry.finished(request({ ...known, outcome: 'denied', reason: 'limit_reached' }), 429)
  telemetry.finished(request({ ...known, outcome: 'too_fast' }), 429)
  telemetry.finished(request({ ...known, outcome: 'invalid_request' }), 400)
  telemetry.finished(request({ outcome: 'unknown_key' }), 401)

  assert.deepEqual(
    telemetry.refusals.newestFirst().map(({ reason }) => reason),
    ['too_fast', 'limit_reached'],
  )
  assert.equal(counts().invalid_request, 1)
  assert.equal(counts().unknown_key, 1)
})

test('members that asked last come first', () => {
  const { telemetry } = begin()
  for (const name of ['ann', 'bob', 'ann']) telemetry.decided(figures(name), null, 0)

  assert.deepEqual(
    telemetry.seen().map(({ memberId }) => memberId),
    ['ann', 'bob'],
  )
})
