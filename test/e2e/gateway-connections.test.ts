import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { operationId } from '../../src/core/ids.ts'
import { setStatus } from '../../src/operations/set-status.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import { openRaw, parseReply, requestBytes, type RawConnection } from './raw-http.ts'
import {
  answering,
  jsonReply,
  message,
  messageEvents,
  piece,
  streamHead,
  type UpstreamCall,
} from './scripted-upstream.ts'
import { askBody, errorOf, openScriptedWorld, type ScriptedWorld } from './scripted-world.ts'

const usage = { input_tokens: 10, output_tokens: 5 }
const hi = answering('hi', usage)

/** A connection whose sending side closes once everything is written, as `printf … | nc` does. */
async function halfClosed(url: string, bytes: Buffer): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
  await once(socket, 'connect')
  socket.end(bytes)
  return socket
}

async function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

const ask = (world: ScriptedWorld, fields = {}): Buffer =>
  requestBytes({
    path: '/v1/messages',
    headers: Object.entries(world.seat.headers),
    body: askBody(fields),
  })

test('a caller that closes its sending side after the request still gets its whole answer', async () => {
  for (const isStream of [false, true]) {
    const call = Promise.withResolvers<UpstreamCall>()
    await using world = await openScriptedWorld(call.resolve)
    const socket = await halfClosed(world.url, ask(world, { stream: isStream }))
    const reading = readAll(socket)
    const received = await call.promise
    // The gateway has asked whether it is still there, and learned that it is.
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)

    await hi(received)
    const text = await reading

    const reply = text.replaceAll('HTTP/1.1 102 Processing\r\n\r\n', '')
    assert.match(reply, /^HTTP\/1\.1 200 /)
    assert.match(reply, /hi/)
    const [line] = await world.finished(1)
    assert.equal(line?.['outcome'], 'finished')
    assert.equal(line?.['hold'], 'settled')
  }
})

test('a caller of HTTP/1.0 that closes its sending side has left, for it could not be asked', async () => {
  await using world = await openScriptedWorld(() => {})
  const bytes = ask(world).toString('latin1').replace('HTTP/1.1', 'HTTP/1.0')

  await readAll(await halfClosed(world.url, Buffer.from(bytes)))

  const [line] = await world.finished(1)
  assert.equal(line?.['hasCallerLeft'], true)
  assert.equal((await world.figures()).runningCount, 0)
})

test('a caller that closes its sending side in the middle of a request has left', async () => {
  await using world = await openScriptedWorld(hi)
  const begun = `POST /v1/messages HTTP/1.1\r\nHost: x\r\nx-api-key: ${world.seat.keyText}\r\n`
  const halves = [
    'Content-Length: 100\r\n\r\n{',
    'Transfer-Encoding: chunked\r\n\r\n1\r\n{',
    // With these headers, Node passes over what is wrong with the body.
    'Upgrade: h2c\r\nConnection: Upgrade\r\nTransfer-Encoding: chunked\r\n\r\n-0\r\n\r\n0\r\n\r\n',
  ]
  for (const half of halves) await readAll(await halfClosed(world.url, Buffer.from(begun + half)))

  const lines = await world.finished(halves.length)
  assert.ok(lines.every((line) => line['hasCallerLeft'] === true))
  assert.equal(world.upstream.calls.length, 0)
})

test('when all places are taken, connections without a known key give way, and running requests never do', async () => {
  const answers: UpstreamCall[] = []
  await using world = await openScriptedWorld((call) => void answers.push(call), {
    settings: { connectionsMax: 4 },
  })
  const running = await world.begin()
  while (answers.length === 0) await new Promise(setImmediate)
  const slow: RawConnection[] = []
  for (let i = 0; i < 6; i++) {
    const connection = await openRaw(world.url)
    connection.write('POST /v1/messages HTTP/1.1\r\nHost: x\r\nx-slow: ')
    slow.push(connection)
  }

  const honest = await world.begin()
  while (answers.length < 2) await new Promise(setImmediate)
  for (const call of answers) await hi(call)

  await running.until('"type":"message"')
  await honest.until('"type":"message"')
  const { connections } = world.gateway.pressure()
  assert.ok(connections.open <= 4)
  assert.equal(connections.gaveWayCount, 4)
  for (const connection of slow) connection.leave()
})

test('headers and bodies that come byte by byte have a time by which they are whole', async () => {
  await using world = await openScriptedWorld(hi, {
    settings: { headersMaxMs: 400, requestMaxMs: 800 },
  })
  const begun = `POST /v1/messages HTTP/1.1\r\nHost: x\r\nx-api-key: ${world.seat.keyText}\r\n`
  for (const bytes of [`${begun}x-slow: `, `${begun}Content-Length: 100000\r\n\r\n{`]) {
    const connection = await openRaw(world.url)
    connection.write(bytes)
    // However often another byte comes.
    const drip = setInterval(() => connection.write('x'), 20)
    const reply = parseReply(await connection.toEnd())
    clearInterval(drip)

    assert.equal(reply.status, 408)
    assert.equal(errorOf(reply).type, 'error')
  }
  assert.equal(world.gateway.pressure().bodyRoom.takenBytes, 0)
  assert.equal(world.upstream.calls.length, 0)
})

test('when every place runs a request of a known key, one more connection is turned away', async () => {
  await using world = await openScriptedWorld(() => {}, { settings: { connectionsMax: 2 } })
  const running = [await world.begin(), await world.begin()]
  while (world.upstream.calls.length < 2) await new Promise(setImmediate)

  const turnedAway = await openRaw(world.url)

  assert.equal((await turnedAway.toEnd()).length, 0)
  for (const connection of running) connection.leave()
  await world.finished(2)
})

test('a caller that stops reading is cut after the stated time, and pays for what passed', async () => {
  const text = 'word '.repeat(20_000)
  await using world = await openScriptedWorld(
    async (call) => {
      call.send(streamHead)
      for (const one of messageEvents(Array<string>(100).fill(text), usage).slice(0, -2)) {
        if (!call.send(piece(one))) await call.drained()
      }
    },
    { settings: { callerStallMaxMs: 1000 } },
  )
  const connection = await world.begin({ body: askBody({ stream: true }) })
  connection.socket.pause()

  const [line] = await world.finished(1)

  assert.equal(line?.['outcome'], 'caller_left')
  assert.equal(line?.['hold'], 'settled')
  assert.ok(Number(line?.['bytes']) < 8 * 1024 * 1024, `${line?.['bytes']} bytes`)
  assert.equal((await world.figures()).runningCount, 0)
  connection.leave()
})

test('a silent upstream is not taken for a caller that does not read', async () => {
  const call = Promise.withResolvers<UpstreamCall>()
  await using world = await openScriptedWorld(call.resolve, {
    settings: { callerStallMaxMs: 1000 },
  })
  const connection = await world.begin({ body: askBody({ stream: true }) })
  const received = await call.promise
  received.send(streamHead)
  await connection.until('text/event-stream')
  // Longer than the bound: a second connection without a request is ended by it meanwhile.
  await (await openRaw(world.url)).toEnd()

  for (const one of messageEvents(['hi'], usage)) received.send(piece(one))
  received.send('0\r\n\r\n')

  await connection.until('message_stop')
})

test('a body is invited only when key and length are good', async () => {
  await using world = await openScriptedWorld(hi, { settings: { bodyBytesMax: 10_000 } })
  const head = (keyText: string, length: number): string =>
    `POST /v1/messages HTTP/1.1\r\nHost: x\r\nx-api-key: ${keyText}\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`
  const body = askBody()

  const good = await openRaw(world.url)
  good.write(head(world.seat.keyText, body.length))
  await good.until('HTTP/1.1 100 Continue\r\n\r\n')
  good.write(body)
  await good.until('"type":"message"')
  good.leave()
  for (const [keyText, length, status] of [
    ['plim_wrong', 100, 401],
    [world.seat.keyText, 100_000_000, 413],
  ] as const) {
    const refused = await openRaw(world.url)
    refused.write(head(keyText, length))
    // Its connection ends, for nobody knows whether a body follows.
    const reply = parseReply(await refused.toEnd())
    assert.equal(reply.status, status)
    assert.equal(reply.header('connection'), 'close')
  }
})

test('the body of a caller that asks too fast is not invited', async () => {
  await using world = await openScriptedWorld(hi, {
    settings: { burst: { perMinute: 60, size: 1 } },
    clock: new ManualClock(),
  })
  assert.equal((await world.post()).status, 200)
  const { keyText } = world.seat
  const refused = await openRaw(world.url)

  refused.write(
    `POST /v1/messages HTTP/1.1\r\nHost: x\r\nx-api-key: ${keyText}\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n`,
  )

  assert.match(await refused.until('\r\n\r\n'), /^HTTP\/1\.1 429 /)
})

test('the body of a refused stranger is read only so far', async () => {
  await using world = await openScriptedWorld(hi)
  const connection = await openRaw(world.url)
  const length = 64 * 1024 * 1024
  connection.write(
    `POST /v1/messages HTTP/1.1\r\nHost: x\r\nx-api-key: plim_wrong\r\nContent-Length: ${length}\r\n\r\n`,
  )
  await connection.until('401 Unauthorized')
  const closed = new Promise((resolve) => connection.socket.once('close', resolve))
  let sentBytes = 0
  const block = Buffer.alloc(256 * 1024)
  while (!connection.socket.destroyed && sentBytes < length) {
    sentBytes += block.length
    if (connection.socket.write(block)) continue
    // The gateway ends the connection in the middle of it.
    await Promise.race([once(connection.socket, 'drain'), closed]).catch(() => {})
  }

  assert.ok(connection.socket.destroyed)
  assert.ok(sentBytes < 32 * 1024 * 1024, `${sentBytes} bytes`)
})

test('bodies of one member that find no room are refused and not read on, and others have room meanwhile', async () => {
  const mebibyte = 1024 * 1024
  await using world = await openScriptedWorld(hi, { settings: { bodyRoomBytes: 6 * mebibyte } })
  const other = await world.addSeat('ben')
  const length = 31 * mebibyte
  const greedy = await openRaw(world.url)
  greedy.write(
    `POST /v1/messages HTTP/1.1\r\nHost: x\r\nx-api-key: ${world.seat.keyText}\r\nContent-Length: ${length}\r\n\r\n`,
  )
  // It ends with a reset in the middle of what is still sent.
  const closed = greedy.toEnd().catch(() => {})
  const block = Buffer.alloc(mebibyte / 2)
  greedy.write(Buffer.alloc(mebibyte))
  while (world.gateway.pressure().bodyRoom.takenBytes < mebibyte) await new Promise(setImmediate)

  const others = await world.post({ seat: other, body: askBody({ pad: 'x'.repeat(mebibyte) }) })
  for (let sent = mebibyte; sent < length && !greedy.socket.destroyed; sent += block.length) {
    if (greedy.socket.write(block)) continue
    await Promise.race([once(greedy.socket, 'drain'), closed]).catch(() => {})
  }
  await closed
  const lines = await world.finished(2)

  assert.equal(others.status, 200)
  assert.deepEqual(new Set(lines.map((line) => line['outcome'])), new Set(['finished', 'no_room']))
  assert.equal(world.gateway.pressure().bodyRoom.takenBytes, 0)
  assert.equal((await world.post()).status, 200)
})

test('bytes that are no HTTP are answered in the shape of the API, and end their connection', async () => {
  await using world = await openScriptedWorld(hi)
  const cases = [
    ['GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n', 400],
    ['\u0016\u0003\u0001\u0002\u0000\u0001', 400],
    [`GET / HTTP/1.1\r\nHost: x\r\nx-big: ${'x'.repeat(70_000)}\r\n\r\n`, 431],
  ] as const
  for (const [bytes, status] of cases) {
    const connection = await openRaw(world.url)
    connection.write(bytes)
    const reply = parseReply(await connection.toEnd())

    assert.equal(reply.status, status)
    assert.equal(errorOf(reply).type, 'error')
  }
})

test('a paused member or customer is refused on every path, and its requests go nowhere', async () => {
  await using world = await openScriptedWorld((call) =>
    call.send(jsonReply(200, message('hi', usage))),
  )
  const { customerId, memberId } = world.seat
  const set = (isActive: boolean, member: typeof memberId | null) =>
    setStatus(world.parts, {
      customerId,
      memberId: member,
      isActive,
      operationId: operationId(`${isActive}-${member}`),
      actor: 'test',
    })
  const paths = [
    { path: '/v1/messages' },
    { path: '/v1/messages/count_tokens' },
    { path: '/v1/models', method: 'GET' },
    { path: '/v1/models/claude-sonnet-4-5', method: 'GET' },
  ]
  for (const [member, code] of [
    [memberId, 'member_inactive'],
    [null, 'customer_inactive'],
  ] as const) {
    await set(false, member)
    for (const request of paths) {
      const reply = await world.post(request)
      assert.equal(reply.status, 403, request.path)
      assert.equal(errorOf(reply).error.details.error_code, code)
      assert.equal(reply.header('x-should-retry'), 'false')
    }
    await set(true, member)
  }
  assert.equal(world.upstream.calls.length, 0)
  for (const request of paths) assert.equal((await world.post(request)).status, 200)
})

test('one key may have only so many uncharged requests under way, and another key is not kept waiting', async () => {
  const held: UpstreamCall[] = []
  await using world = await openScriptedWorld((call) => void held.push(call), {
    settings: { keyPlacesMax: 3 },
  })
  const other = await world.addSeat('ben')
  const count = { path: '/v1/messages/count_tokens' }
  const running = await Promise.all([1, 2, 3].map(() => world.begin(count)))
  while (held.length < 3) await new Promise(setImmediate)

  const refused = await world.post(count)
  const others = await world.begin({ ...count, seat: other })

  assert.equal(refused.status, 429)
  assert.equal(errorOf(refused).error.details.error_code, 'too_fast')
  assert.ok(Number(refused.header('retry-after')) >= 1)
  while (held.length < 4) await new Promise(setImmediate)
  for (const call of held) call.send(jsonReply(200, { input_tokens: 5 }))
  for (const connection of [...running, others]) await connection.until('input_tokens')
  held.length = 0
  const next = await world.begin(count)
  while (held.length === 0) await new Promise(setImmediate)
  next.leave()
})

test('a request body in another encoding is refused, for nobody could price it', async () => {
  await using world = await openScriptedWorld(hi)

  const gzip = await world.post({ headers: { 'content-encoding': 'gzip' } })
  const plain = await world.post({ headers: { 'content-encoding': 'Identity' } })

  assert.equal(gzip.status, 400)
  assert.match(errorOf(gzip).error.message, /content-encoding/)
  assert.equal(plain.status, 200)
  assert.equal(world.upstream.calls.length, 1)
})
