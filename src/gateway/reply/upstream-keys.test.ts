import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../../test/contract/manual-clock.ts'
import { createUpstreamKeys, type UpstreamKey, type UpstreamKeys } from './upstream-keys.ts'

const none: ReadonlySet<number> = new Set()

function open(keys: readonly string[] = ['one', 'two']): {
  readonly keys: UpstreamKeys
  readonly clock: ManualClock
  readonly pick: (...tried: number[]) => UpstreamKey
} {
  const clock = new ManualClock()
  const created = createUpstreamKeys({ keys, authStyle: 'x-api-key' }, clock)
  const pick = (...tried: number[]): UpstreamKey => {
    const picked = created.pick(new Set(tried))
    assert.ok(picked)
    return picked
  }
  return { keys: created, clock, pick }
}

const trouble = { kind: 'trouble', why: 'billing', retryAfterMs: null } as const

test('the first key serves everybody while it works, the next while it pauses, and then the first again', () => {
  const { keys, clock, pick } = open()
  assert.deepEqual([pick().place, pick().place], [1, 1])

  keys.pause(pick(), trouble)
  assert.equal(pick().place, 2)
  clock.pass(29_999)
  assert.equal(pick().place, 2)
  clock.pass(1)

  assert.equal(pick().place, 1)
})

test('a pause doubles with each failure that follows it, has an end, and a good answer forgets it', () => {
  const { keys, clock, pick } = open()
  const first = pick()
  const pauses: number[] = []
  for (let failure = 0; failure < 8; failure++) {
    keys.pause(first, trouble)
    // Requests that ran side by side meet the same trouble.
    keys.pause(first, trouble)
    const pauseMs = keys.states()[0]?.pauseMs ?? 0
    pauses.push(pauseMs)
    clock.pass(pauseMs)
  }
  assert.deepEqual(pauses.slice(0, 6), [30_000, 60_000, 120_000, 240_000, 480_000, 600_000])
  assert.equal(pauses.at(-1), 600_000)

  keys.works(first, clock.elapsedMs())
  keys.pause(first, trouble)

  assert.equal(keys.states()[0]?.pauseMs, 30_000)
})

test('a pause that the upstream asks for is kept, within bounds', () => {
  const after = (kind: 'trouble' | 'pace', retryAfterMs: number | null): number => {
    const { keys, pick } = open()
    keys.pause(pick(), { kind, why: 'x', retryAfterMs })
    return keys.states()[0]?.pauseMs ?? 0
  }

  assert.equal(after('trouble', 1_200_000), 1_200_000)
  assert.equal(after('trouble', 0), 30_000)
  assert.equal(after('trouble', 86_400_000), 3_600_000)
  assert.equal(after('pace', 12_000), 12_000)
  assert.equal(after('pace', 0), 1000)
  assert.equal(after('pace', 900_000), 60_000)
  assert.equal(after('pace', null), 5000)
})

test('when every key pauses, the one that is due first is asked once, and nobody is refused on a memory', () => {
  const { keys, clock, pick } = open()
  const [first, second] = [pick(), pick(1)]
  keys.pause(second, trouble)
  clock.pass(1000)
  keys.pause(first, trouble)

  assert.equal(keys.dueInMs(), 29_000)
  assert.equal(pick().place, 2)
  assert.equal(keys.pick(new Set([2])), undefined)
})

test('one key alone is always asked', () => {
  const { keys, pick } = open(['only'])
  keys.pause(pick(), trouble)

  assert.equal(pick().place, 1)
  assert.equal(keys.pick(new Set([1])), undefined)
})

test('a good answer to a request from before the trouble does not end the pause', () => {
  const { keys, clock, pick } = open()
  const first = pick()
  const startedMs = clock.elapsedMs()
  clock.pass(10)
  keys.pause(first, trouble)

  keys.works(first, startedMs)
  assert.equal(keys.pick(none)?.place, 2)
  keys.works(first, clock.elapsedMs())

  assert.equal(keys.pick(none)?.place, 1)
  assert.doesNotMatch(JSON.stringify(keys.states()), /one|two/)
})
