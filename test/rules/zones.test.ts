import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { WindowShape } from '../../src/core/plan.ts'
import { calendarBounds, monthBounds } from '../../src/core/window.ts'
import { spanAt } from '../model/naive-calendar.ts'
import { Books, cents, day, hour, limit, plan } from './books.ts'

/** Civil windows against clocks that people really have: changes of an hour, of half an hour, at midnight, of a whole day. */
type CivilShape = Exclude<WindowShape, { kind: 'session' }>

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  // Half an hour of summer time.
  'Australia/Lord_Howe',
  // Midnights that do not exist.
  'America/Santiago',
  'Asia/Beirut',
  'Africa/Cairo',
  'Asia/Kathmandu',
  // 2011-12-30 was left out.
  'Pacific/Apia',
  // Summer time that is taken back for Ramadan.
  'Africa/Casablanca',
  'Europe/Dublin',
] as const

const zone = fc.constantFrom(...zones)
const shape: fc.Arbitrary<CivilShape> = fc.oneof(
  fc.record({ kind: fc.constant('day' as const), zone }),
  fc.record({ kind: fc.constant('month' as const), zone }),
  fc.record({
    kind: fc.constant('week' as const),
    anchor: fc.record({
      weekday: fc.integer({ min: 1, max: 7 }),
      hour: fc.integer({ min: 0, max: 23 }),
      minute: fc.constantFrom(0, 15, 30, 59),
    }),
    zone,
  }),
)

/** Moments at which some zone of the list changes its clocks, the leap day, ends of years; and any others. */
const changes = [
  '2011-12-30T10:00Z',
  '2026-03-08T07:00Z',
  '2026-03-29T01:00Z',
  '2026-03-28T22:00Z',
  '2026-04-05T03:00Z',
  '2026-04-04T15:00Z',
  '2026-04-23T22:00Z',
  '2026-09-06T04:00Z',
  '2026-10-03T15:30Z',
  '2026-10-25T01:00Z',
  '2026-11-01T06:00Z',
  '2026-02-15T02:00Z',
  '2027-01-01T00:00Z',
  '2028-02-29T00:00Z',
  '2028-03-01T00:00Z',
].map((text) => Temporal.Instant.from(text).epochMilliseconds)
const moment = fc.oneof(
  fc
    .tuple(fc.constantFrom(...changes), fc.integer({ min: -9 * day, max: 9 * day }))
    .map(([atMs, besideMs]) => atMs + besideMs),
  fc
    .tuple(fc.constantFrom(...changes), fc.integer({ min: -2 * hour, max: 2 * hour }))
    .map(([atMs, besideMs]) => atMs + besideMs),
  fc.integer({ min: Date.UTC(2010, 0, 1), max: Date.UTC(2037, 0, 1) }),
)

const told = (atMs: number): string => Temporal.Instant.fromEpochMilliseconds(atMs).toString()

test('W3: in every zone the instance of a moment is the one that the naive calendar finds', () => {
  fc.assert(
    fc.property(shape, moment, (asked, atMs) => {
      assert.deepEqual(calendarBounds({ ...asked }, atMs), spanAt(asked, atMs), told(atMs))
    }),
    { numRuns: 1500 },
  )
})

test('W3: instances tile time in every zone, whichever of them is asked for first', () => {
  fc.assert(
    fc.property(shape, moment, (asked, atMs) => {
      const bounds = calendarBounds({ ...asked }, atMs)
      assert.ok(bounds.startMs <= atMs && atMs < bounds.endMs)
      const [before, after] = [
        calendarBounds({ ...asked }, bounds.startMs - 1),
        calendarBounds({ ...asked }, bounds.endMs),
      ]
      assert.equal(before.endMs, bounds.startMs, 'no gap and no overlap before')
      assert.equal(after.startMs, bounds.endMs, 'no gap and no overlap after')
      assert.deepEqual(calendarBounds({ ...asked }, bounds.endMs - 1), bounds)
    }),
    { numRuns: 800 },
  )
})

test('W3: an instance starts when the clocks on the wall first show its anchor, or have passed it', () => {
  const clocks = new Map(
    zones.map((name) => [
      name,
      new Intl.DateTimeFormat('en-CA', {
        timeZone: name,
        hourCycle: 'h23',
        dateStyle: 'short',
        timeStyle: 'medium',
      }),
    ]),
  )
  /** What a clock on a wall there shows, as text that sorts. */
  const wall = (name: (typeof zones)[number], atMs: number): string =>
    (clocks.get(name)?.format(atMs) ?? '').replace(', ', 'T')
  fc.assert(
    fc.property(zone, moment, (name, atMs) => {
      const { startMs } = calendarBounds({ kind: 'day', zone: name }, atMs)
      const midnight = `${wall(name, startMs).slice(0, 10)}T00:00:00`
      assert.ok(wall(name, startMs) >= midnight)
      // The second before, and up to a day before, it was an earlier date.
      for (const backMs of [1000, hour, 3 * hour, 20 * hour]) {
        assert.ok(wall(name, startMs - backMs) < midnight, `${name} ${told(startMs)}`)
      }
    }),
    { numRuns: 600 },
  )
})

test('W3: a day that a zone left out is in no window, and the days beside it meet', () => {
  const apia = { kind: 'day', zone: 'Pacific/Apia' } as const
  const missing = Date.UTC(2011, 11, 30, 10)
  const before = calendarBounds({ ...apia }, missing - 1)
  const after = calendarBounds({ ...apia }, missing)

  assert.deepEqual(
    [told(before.startMs), told(before.endMs)],
    ['2011-12-29T10:00:00Z', '2011-12-30T10:00:00Z'],
  )
  assert.deepEqual([after.startMs, after.endMs - after.startMs], [missing, day])
})

test('W3: February of a leap year has its 29th, in windows and in caps', () => {
  const { startMs, endMs } = monthBounds('Europe/Berlin', Date.UTC(2028, 1, 29, 12))

  assert.equal(endMs - startMs, 29 * day)
  const leap = calendarBounds({ kind: 'day', zone: 'UTC' }, Date.UTC(2028, 1, 29, 23, 59))
  assert.deepEqual([leap.startMs, leap.endMs], [Date.UTC(2028, 1, 29), Date.UTC(2028, 2, 1)])
})

/** The same zone by other rules, as another version of the zone data has them. */
function withZoneData<Answer>(name: string, rulesOf: string, work: () => Answer): Answer {
  const { PlainDateTime, Instant } = Temporal
  const [toZoned, toIso] = [
    Object.getOwnPropertyDescriptor(PlainDateTime.prototype, 'toZonedDateTime'),
    Object.getOwnPropertyDescriptor(Instant.prototype, 'toZonedDateTimeISO'),
  ]
  if (toZoned === undefined || toIso === undefined) throw new Error('Temporal has changed')
  const swap = (asked: unknown): unknown => (asked === name ? rulesOf : asked)
  const wrap = (found: PropertyDescriptor): PropertyDescriptor => ({
    ...found,
    value(this: unknown, asked: unknown, ...rest: unknown[]): unknown {
      return Reflect.apply(found.value as () => unknown, this, [swap(asked), ...rest])
    },
  })
  Object.defineProperty(PlainDateTime.prototype, 'toZonedDateTime', wrap(toZoned))
  Object.defineProperty(Instant.prototype, 'toZonedDateTimeISO', wrap(toIso))
  try {
    return work()
  } finally {
    Object.defineProperty(PlainDateTime.prototype, 'toZonedDateTime', toZoned)
    Object.defineProperty(Instant.prototype, 'toZonedDateTimeISO', toIso)
  }
}

const berlinWeek = (): Books => {
  const anchor = { weekday: 1, hour: 0, minute: 0 }
  const own = { kind: 'week', anchor, zone: 'Europe/Berlin' } as const
  return new Books({ plan: plan('p', [limit({ id: 'week', amount: cents(100), shape: own })]) })
}

test('W1, W3: new zone data leave a pinned week as it was shown, and the next starts at its end', () => {
  const books = berlinWeek()
  books.spend(10)
  const [shown] = books.figures().limits

  withZoneData('Europe/Berlin', 'America/New_York', () => {
    assert.deepEqual(books.figures().limits[0], shown)
    books.nowMs = shown?.resetMs ?? 0
    const [next] = books.figures().limits
    assert.equal(next?.startMs, shown?.resetMs)
    // By the new rules the next Monday begins six hours later.
    assert.equal((next?.resetMs ?? 0) - (next?.startMs ?? 0), 6 * hour)
    books.spend(20)
    books.nowMs += 6 * hour
    const [after] = books.figures().limits
    assert.deepEqual([after?.startMs, after?.used], [next?.resetMs, 0n])
    assert.equal((after?.resetMs ?? 0) - (after?.startMs ?? 0), 7 * day)
  })
})

test('W3: a zone that this version does not know reads as UTC, so that nobody is locked out', () => {
  const books = berlinWeek()
  books.spend(10)
  const [shown] = books.figures().limits

  withZoneData('Europe/Berlin', 'Europe/Nowhere', () => {
    assert.deepEqual(books.figures().limits[0], shown)
    books.nowMs = shown?.resetMs ?? 0
    books.spend(10)
    const [next] = books.figures().limits
    assert.deepEqual([next?.startMs, next?.used], [shown?.resetMs, cents(10)])
    assert.equal(told(next?.resetMs ?? 0), '2026-11-23T00:00:00Z')
  })
})
