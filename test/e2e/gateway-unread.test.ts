import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { message, messageEvents, reply } from './scripted-upstream.ts'
import { askBody, openScriptedWorld, type ScriptedWorld } from './scripted-world.ts'

const usage = { input_tokens: 1000, output_tokens: 50 }
const stream = { body: askBody({ stream: true }) }
const sse = 'content-type: text/event-stream'
const events = messageEvents(['word '.repeat(200)], usage)

async function endOf(world: ScriptedWorld) {
  const [end] = (await world.entries()).map((entry) => entry.body).slice(-1)
  assert.ok(end?.kind === 'settled')
  return end
}

test('a good reply that cannot be read is settled by the bytes that passed, and the operator hears of it', async () => {
  const whole = events.join('')
  const other = 'data: {"choices":[{"text":"hello hello hello hello"}]}\n\n'.repeat(20)
  const cases = [
    ['error', reply(200, gzipSync(whole), [sse, 'content-encoding: gzip'])],
    [
      'error',
      reply(200, gzipSync(JSON.stringify(message('hi', usage))), ['content-encoding: gzip']),
    ],
    ['warn', reply(200, other, [sse])],
    ['warn', reply(200, `<html>${'sorry '.repeat(100)}</html>`, ['content-type: text/html'])],
    ['warn', reply(200, '{"answer":"hello"}', ['content-type: application/json'])],
  ] as const
  for (const [level, bytes] of cases) {
    await using world = await openScriptedWorld((call) => call.send(bytes))

    await world.post(stream)
    await world.finished(1)

    const end = await endOf(world)
    assert.equal(end.isEstimate, true)
    assert.ok((end.usage.input ?? 0) > 0 && (end.usage.output ?? 0) > 0)
    assert.equal(world.logs.filter((line) => line.level === level).length, 1)
  }
})

test('a reply under another content type or none, or with lone carriage returns, is metered all the same', async () => {
  const json = JSON.stringify(message('hi', usage))
  const cases = [
    reply(200, events.join('').replaceAll('\n', '\r'), [sse]),
    reply(200, events.join(''), ['content-type: text/plain']),
    reply(200, events.join('')),
    reply(200, json, ['content-type: text/plain']),
    reply(200, ` ${json}`),
  ]
  for (const bytes of cases) {
    await using world = await openScriptedWorld((call) => call.send(bytes))

    await world.post(stream)
    await world.finished(1)

    const end = await endOf(world)
    assert.deepEqual([end.isEstimate, end.usage], [false, { input: 1000, output: 50 }])
  }
})
