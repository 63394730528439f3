import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../../test/contract/manual-clock.ts'
import type { LogFields } from '../../system/logger.ts'
import { createRefusalLog } from './refusal-log.ts'

function openLog() {
  const clock = new ManualClock()
  const warnings: LogFields[] = []
  const silent = (): void => {}
  const logger = {
    info: silent,
    warn: (_message: string, fields: LogFields = {}) => void warnings.push(fields),
    error: silent,
  }
  return { clock, warnings, log: createRefusalLog(logger, clock) }
}

test('of a flood of refusals a few get a line each, and one line a minute tells the rest with its sources', () => {
  const { clock, warnings, log } = openLog()

  const written = Array.from({ length: 5000 }, (_, i) =>
    log.note('unknown_key', i % 5 === 0 ? '192.0.2.1' : '192.0.2.2'),
  ).filter(Boolean)
  log.note('too_fast', 'key_1')
  clock.pass(60_000)

  assert.equal(written.length, 20)
  assert.deepEqual(warnings, [
    { unknown_key: 5000, from: '192.0.2.2 (4000), 192.0.2.1 (1000), key_1 (1)' },
  ])
  assert.equal(log.note('unknown_key', '192.0.2.1'), true)
})

test('the counts are those of the last minutes, and what was not told yet is told at the end', () => {
  const { clock, warnings, log } = openLog()
  for (let i = 0; i < 30; i++) log.note('malformed', '192.0.2.1')

  clock.pass(60_000)
  assert.equal(log.counts().malformed, 30)
  clock.pass(60_000)
  assert.equal(log.counts().malformed, 0)
  for (let i = 0; i < 30; i++) log.note('no_room', 'key_1')
  log.close()

  assert.equal(warnings.length, 2)
  assert.equal(warnings[1]?.['no_room'], 30)
})

test('a flood from ever new addresses keeps a bounded table', () => {
  const { clock, warnings, log } = openLog()
  for (let i = 0; i < 10_000; i++) log.note('unknown_key', `2001:db8::${i.toString(16)}`)

  clock.pass(60_000)

  assert.match(String(warnings[0]?.['from']), /^others \(9800\), /)
})
