import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Storage } from '../../src/storage/storage.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import { passTime } from './pass-time.ts'
import { openRaw, requestBytes } from './raw-http.ts'
import { answering, jsonReply, message, reply, type Answer } from './scripted-upstream.ts'
import { askBody, errorOf, openScriptedWorld, type ScriptedWorld } from './scripted-world.ts'
import { testPrices } from './world.ts'

const usage = { input_tokens: 10, output_tokens: 5 }
const hi = answering('hi', usage)

test('a fault of our own ends its request with a clear error, and nobody else notices', async () => {
  const prices = {
    ...testPrices,
    priceOf: (asked: Parameters<typeof testPrices.priceOf>[0], atMs: number) => {
      if (asked.model === 'claude-opus-4-1') throw new Error('planted')
      return testPrices.priceOf(asked, atMs)
    },
  }
  await using world = await openScriptedWorld(hi, { prices })

  const [broken, other] = await Promise.all([
    world.post({ body: askBody({ model: 'claude-opus-4-1' }) }),
    world.post(),
  ])
  await world.finished(2)

  assert.equal(broken.status, 500)
  assert.equal(errorOf(broken).error.details.error_code, 'fault')
  assert.doesNotMatch(broken.body.toString(), /planted|\.ts/)
  assert.equal(other.status, 200)
  const [error] = world.logs.filter((line) => line.level === 'error')
  assert.match(String(error?.['error']), /planted/)
})

/** So many `update`s after `arm` fail as a bug would: not with a failure that storage declares. */
function faultyStorage(): { wrap: (storage: Storage) => Storage; arm: (times: number) => void } {
  let left = 0
  return {
    arm: (times) => {
      left = times
    },
    wrap: (storage) =>
      new Proxy(storage, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name)
          if (typeof value !== 'function') return value
          if (name !== 'update' || left === 0) return value.bind(target)
          left -= 1
          return () => Promise.reject(new Error('planted'))
        },
      }),
  }
}

for (const [times, ends] of [
  [1, ['held', 'settled']],
  [Infinity, ['held']],
] as const) {
  test(`L1: a reply whose settle meets a fault ${times === 1 ? 'once is charged all the same' : 'again and again is left to its expiry, as a loss, and never free'}`, async () => {
    const faulty = faultyStorage()
    const clock = new ManualClock()
    const answer: Answer = (call) => {
      faulty.arm(times)
      return hi(call)
    }
    await using world = await openScriptedWorld(answer, { wrapStorage: faulty.wrap, clock })

    const received = await world.post()
    using passing = passTime(clock)
    const [line] = await world.finished(1)
    passing.end()
    faulty.arm(0)

    assert.equal(received.status, 200)
    assert.deepEqual(await lastKinds(world, ends.length), ends)
    if (times === 1) return
    assert.equal(line?.['hold'], 'left_to_expiry')
    const told = world.logs.find(({ message: text }) => text.startsWith('hold not ended: a fault'))
    assert.match(String(told?.['usage']), /"output":5/)
    clock.pass(60 * 60 * 1000)
    using sweeping = passTime(clock)
    while ((await world.figures()).runningCount > 0) await new Promise(setImmediate)
    sweeping.end()
    assert.deepEqual(await lastKinds(world, 2), ['held', 'expired'])
  })
}

const lastKinds = async (world: ScriptedWorld, count: number): Promise<readonly string[]> =>
  (await world.entries()).map(({ body }) => body.kind).slice(-count)

test('a caller that leaves while its hold becomes durable is never sent on, and holds nothing', async () => {
  let leave: (() => Promise<void>) | undefined
  const wrapStorage = (storage: Storage): Storage =>
    new Proxy(storage, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        if (name !== 'update' || leave === undefined) return value.bind(target)
        return async (...args: Parameters<Storage['update']>) => {
          const answer = await target.update(...args)
          await leave?.()
          return answer
        }
      },
    })
  await using world = await openScriptedWorld(hi, { wrapStorage })
  leave = async () => {
    leave = undefined
    connection.leave()
    // The gateway hears of it in a later turn of the event loop that both sides share.
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate)
  }

  const connection = await world.begin()
  const [line] = await world.finished(1)

  assert.equal(line?.['outcome'], 'caller_left')
  assert.equal(world.upstream.calls.length, 0)
  const ends = (await world.entries()).map((entry) => entry.body.kind)
  assert.deepEqual(ends.slice(-2), ['held', 'voided'])
})

test('an upstream that answers no proper HTTP is a 502, and its hold is voided', async () => {
  const answers: readonly Answer[] = [
    (call) => call.send('SSH-2.0-OpenSSH_9.6\r\n\r\n'),
    (call) => call.send('HTTP/1.1 200 OK\r\nx: \u0000\r\n\r\n'),
    (call) => call.send(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`),
    (call) =>
      call.send('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
  ]
  let answer: Answer = hi
  await using world = await openScriptedWorld((call) => answer(call))
  for (const one of answers) {
    answer = one

    const received = await world.post()

    assert.equal(received.status, 502)
  }
  await world.finished(answers.length)
  const figures = await world.figures()
  assert.deepEqual([figures.runningCount, figures.limits[0]?.used], [0, 0n])
})

test('interim replies end here, and replies without a body pass', async () => {
  const early = 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'
  await using world = await openScriptedWorld((call) => {
    call.send(early)
    if (world.upstream.calls.length === 1) call.send(jsonReply(200, message('hi', usage)))
    else call.send(reply(200, ''))
  })

  const whole = await world.post()
  const empty = await world.post()
  await world.finished(2)

  assert.equal(whole.status, 200)
  assert.equal(whole.header('link'), undefined)
  assert.deepEqual([empty.status, empty.body.length], [200, 0])
  const ends = (await world.entries()).map((entry) => entry.body.kind)
  assert.deepEqual(ends.slice(-2), ['held', 'voided'])
})

test('requests sent one behind the other on one connection are all given up when their caller leaves', async () => {
  await using world = await openScriptedWorld(() => {})
  const connection = await openRaw(world.url)
  const one = requestBytes({
    path: '/v1/messages',
    headers: Object.entries(world.seat.headers),
    body: askBody({ stream: true }),
  })
  connection.write(Buffer.concat([one, one]))
  while (world.upstream.calls.length < 2) await new Promise(setImmediate)

  connection.leave()
  await world.finished(2)

  assert.equal((await world.figures()).runningCount, 0)
})

test('a status text or a header that no server may write is left out, and nobody falls over it', async () => {
  const rest = 'content-length: 2\r\n\r\n{}'
  const heads = [
    ['HTTP/1.1 200 Хорошо', 200],
    ['HTTP/1.1 429 Слишком много', 429],
    ['HTTP/1.1 500 \u2603', 500],
    ['HTTP/1.1 200 OK\r\nx-odd: Привет', 200],
  ] as const
  let answer: Answer = hi
  await using world = await openScriptedWorld((call) => answer(call))
  for (const [head, status] of heads) {
    for (const path of ['/v1/messages', '/v1/messages/count_tokens']) {
      answer = (call) => call.send(Buffer.from(`${head}\r\n${rest}`))

      const received = await world.post({ path })

      assert.equal(received.status, status)
    }
  }
  answer = hi

  assert.equal((await world.post()).status, 200)
  await world.finished(heads.length * 2 + 1)
  assert.deepEqual(
    world.logs.filter((line) => line.level === 'error'),
    [],
  )
  assert.equal((await world.figures()).runningCount, 0)
})
