import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPinoLogger } from './pino-logger.ts'

test('a log line is one JSON object with level, time, message and fields', () => {
  const lines: string[] = []
  const log = createPinoLogger({ write: (line) => lines.push(line) })

  log.info('request finished', { status: 200, model: 'claude-opus-5-5', missing: undefined })
  log.error('upstream account', {})

  const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  const { time, ...fields } = first ?? {}
  assert.match(String(time), /^\d{4}-\d{2}-\d{2}T/)
  assert.deepEqual(fields, {
    level: 'info',
    status: 200,
    model: 'claude-opus-5-5',
    msg: 'request finished',
  })
  assert.equal(second?.['level'], 'error')
})
