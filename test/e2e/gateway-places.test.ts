import assert from 'node:assert/strict'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'
import { test } from 'node:test'
import { answering, jsonReply, message, type UpstreamCall } from './scripted-upstream.ts'
import { rawExchange } from './raw-http.ts'
import { askBody, errorOf, openScriptedWorld } from './scripted-world.ts'
import { createSteeredClock } from './steered-clock.ts'
import { openWorld, type World } from './world.ts'

const usage = { input_tokens: 10, output_tokens: 5 }
const hi = answering('hi', usage)
const turn = () => new Promise(setImmediate)

test('past the most requests that may be at the upstream, the next one waits its turn and is served', async () => {
  const calls: UpstreamCall[] = []
  await using world = await openScriptedWorld((call) => calls.push(call), {
    settings: { upstreamConnectionsMax: 2 },
  })
  const replies = [world.post(), world.post(), world.post(), world.post()]
  const counts = () => world.gateway.upstreamHealth().connections
  while (counts().waiting < 2 || calls.length < 2) await turn()
  assert.equal(calls.length, 2)

  for (let served = 0; served < 4; served++) {
    while (calls.length <= served) await turn()
    assert.ok(world.gateway.upstreamHealth().connections.running <= 2)
    await hi(calls[served] as UpstreamCall)
  }

  assert.deepEqual(
    (await Promise.all(replies)).map((one) => one.status),
    [200, 200, 200, 200],
  )
  await world.finished(4)
  assert.deepEqual(world.gateway.upstreamHealth().connections, { running: 0, waiting: 0, max: 2 })
})

test('whoever waits too long for a place, or finds the line full, is told to come back, and holds nothing', async () => {
  const clock = createSteeredClock()
  await using world = await openScriptedWorld(() => {}, {
    clock,
    settings: { upstreamConnectionsMax: 1 },
  })
  const running = await world.begin({ body: askBody({ stream: true }) })
  while (world.upstream.calls.length === 0) await turn()
  const waiting = world.post()
  while (world.gateway.upstreamHealth().connections.waiting === 0) await turn()

  const full = await world.post()
  assert.equal(world.gateway.upstreamHealth().connections.waiting, 1)
  clock.advance(5001)
  const late = await waiting
  await world.finished(2)

  for (const received of [full, late]) {
    assert.equal(received.status, 503)
    assert.equal(errorOf(received).error.details.error_code, 'upstream_busy')
    assert.equal(received.header('x-should-retry'), 'true')
    assert.ok(received.header('retry-after'))
  }
  assert.equal(world.upstream.calls.length, 1)
  assert.equal((await world.figures()).runningCount, 1)
  running.leave()
  await world.finished(3)
  assert.equal((await world.figures()).limits[0]?.held, 0n)
})

/** An upstream that closes a kept connection just as the next request arrives on it, unread or read. */
async function startClosing(how: 'reset' | 'end'): Promise<{
  readonly url: string
  readonly heads: readonly string[]
  close(): Promise<void>
}> {
  const heads: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    let count = 0
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk: Buffer) => {
      if (!chunk.toString('latin1').startsWith('POST')) return
      heads.push(chunk.toString('latin1').slice(0, 30))
      count += 1
      if (count === 1) socket.write(jsonReply(200, message('hi', usage)))
      else if (how === 'reset') socket.resetAndDestroy()
      else socket.end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heads,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

const post = (world: World) =>
  rawExchange(world.url, {
    path: '/v1/messages',
    headers: Object.entries(world.seat.headers),
    body: askBody(),
  })

test('L10: a request that meets the end of a kept connection is never sent again by ourselves', async () => {
  for (const how of ['reset', 'end'] as const) {
    const upstream = await startClosing(how)
    {
      await using world = await openWorld({ upstream })

      const first = await post(world)
      const second = await post(world)
      await world.finished(2)

      assert.deepEqual([first.status, second.status], [200, 502])
      assert.equal(second.header('x-should-retry'), 'true')
      assert.equal(upstream.heads.length, 2)
      const ends = (await world.entries()).map((entry) => entry.body.kind)
      assert.deepEqual(
        ends.filter((kind) => kind === 'settled' || kind === 'voided'),
        ['settled', 'voided'],
      )
      assert.equal((await world.figures()).runningCount, 0)
    }
    await upstream.close()
  }
})

test('an idle connection to the upstream is closed by us before the end that the upstream names', async () => {
  const seconds = 'keep-alive: timeout=2'
  await using world = await openScriptedWorld((call) => {
    call.send(jsonReply(200, message('hi', usage), [seconds]))
  })

  await world.post()
  const [call] = world.upstream.calls
  await call?.closed

  assert.equal((await world.post()).status, 200)
})
