import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WindowShape } from '../../src/core/plan.ts'
import { firstInstantAt, instanceAt, monthAt, spanAt } from './naive-calendar.ts'

const utc = (text: string): number => Temporal.Instant.from(text).epochMilliseconds
const wall = (text: string): Temporal.PlainDateTime => Temporal.PlainDateTime.from(text)
const shown = (span: { startMs: number; endMs: number } | null): string[] =>
  span === null
    ? []
    : [span.startMs, span.endMs].map((ms) => Temporal.Instant.fromEpochMilliseconds(ms).toString())

test('a wall-clock moment in a gap is the first valid instant, in an overlap the earlier one', () => {
  const table: [string, string, string][] = [
    ['2026-03-29T02:30', 'Europe/Berlin', '2026-03-29T01:00:00Z'],
    ['2026-10-25T02:30', 'Europe/Berlin', '2026-10-25T00:30:00Z'],
    ['2026-03-08T02:00', 'America/New_York', '2026-03-08T07:00:00Z'],
    ['2026-11-01T01:30', 'America/New_York', '2026-11-01T05:30:00Z'],
    ['2026-06-01T00:00', 'Asia/Kathmandu', '2026-05-31T18:15:00Z'],
    ['2026-04-24T00:00', 'Africa/Cairo', '2026-04-23T22:00:00Z'],
    // This zone skipped the whole day when it moved across the date line.
    ['2011-12-30T00:00', 'Pacific/Apia', '2011-12-30T10:00:00Z'],
  ]
  for (const [civil, zone, instant] of table) {
    assert.equal(firstInstantAt(wall(civil), zone), utc(instant), `${civil} ${zone}`)
  }
})

test('the first instant agrees with a walk through every minute around both clock changes', () => {
  const changes = [
    '2026-03-29T01:00Z',
    '2026-10-25T01:00Z',
    '2026-03-08T07:00Z',
    '2026-11-01T06:00Z',
  ]
  for (const zone of ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Cairo']) {
    for (const change of [
      ...changes,
      '2026-04-23T22:00Z',
      '2026-04-04T15:00Z',
      '2026-10-03T15:30Z',
    ]) {
      const minutes = Array.from({ length: 600 }, (_, i) => utc(change) + (i - 300) * 60_000)
      const local = minutes.map((ms) =>
        Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone).toPlainDateTime(),
      )
      const from = local[0] ?? wall('2026-01-01T00:00')
      for (let minute = 0; minute < 400; minute += 10) {
        const civil = from.add({ minutes: minute })
        const walked = minutes.find(
          (_, i) => Temporal.PlainDateTime.compare(local[i] ?? civil, civil) >= 0,
        )
        assert.equal(firstInstantAt(civil, zone), walked, `${civil.toString()} ${zone}`)
      }
    }
  }
})

test('days, weeks and months follow the clocks of their zone through clock changes', () => {
  const anchor = { weekday: 7, hour: 2, minute: 30 }
  const week = { kind: 'week', anchor, zone: 'Europe/Berlin' } as const

  assert.deepEqual(shown(spanAt(week, utc('2026-03-25T00:00Z'))), [
    '2026-03-22T01:30:00Z',
    '2026-03-29T01:00:00Z',
  ])
  assert.deepEqual(shown(spanAt(week, utc('2026-03-29T01:00Z'))), [
    '2026-03-29T01:00:00Z',
    '2026-04-05T00:30:00Z',
  ])
  assert.deepEqual(
    shown(spanAt({ kind: 'day', zone: 'America/New_York' }, utc('2026-11-01T12:00Z'))),
    ['2026-11-01T04:00:00Z', '2026-11-02T05:00:00Z'],
  )
  assert.deepEqual(shown(monthAt('Asia/Kathmandu', utc('2028-02-29T18:15Z'))), [
    '2028-02-29T18:15:00Z',
    '2028-03-31T18:15:00Z',
  ])
})

test('an instance that was pinned stays, and a new shape starts where the running instance ends', () => {
  const monday: WindowShape = {
    kind: 'week',
    anchor: { weekday: 1, hour: 0, minute: 0 },
    zone: 'UTC',
  }
  const thursday: WindowShape = { ...monday, anchor: { weekday: 4, hour: 0, minute: 0 } }
  const shapes = [
    { sinceMs: 0, shape: monday },
    { sinceMs: utc('2026-06-03T12:00Z'), shape: thursday },
  ]

  const running = instanceAt(shapes, [], utc('2026-06-07T23:59:59Z'))
  const next = instanceAt(shapes, [], utc('2026-06-08T00:00Z'))
  const later = instanceAt(shapes, [], utc('2026-06-11T00:00Z'))

  assert.deepEqual(shown(running), ['2026-06-01T00:00:00Z', '2026-06-08T00:00:00Z'])
  assert.deepEqual(shown(next), ['2026-06-08T00:00:00Z', '2026-06-11T00:00:00Z'])
  assert.deepEqual(shown(later), ['2026-06-11T00:00:00Z', '2026-06-18T00:00:00Z'])
  const pin = { startMs: utc('2026-06-02T00:00Z'), endMs: utc('2026-06-09T00:00Z') }
  assert.deepEqual(instanceAt(shapes, [pin], utc('2026-06-08T12:00Z')), pin)
  assert.deepEqual(shown(instanceAt(shapes, [pin], pin.endMs)), [
    '2026-06-09T00:00:00Z',
    '2026-06-11T00:00:00Z',
  ])
})

test('a session exists only while an entry has pinned it', () => {
  const shapes = [{ sinceMs: 0, shape: { kind: 'session', lengthMs: 100 } as const }]

  assert.equal(instanceAt(shapes, [], 50), null)
  assert.deepEqual(instanceAt(shapes, [{ startMs: 10, endMs: 110 }], 109), {
    startMs: 10,
    endMs: 110,
  })
  assert.equal(instanceAt(shapes, [{ startMs: 10, endMs: 110 }], 110), null)
})
