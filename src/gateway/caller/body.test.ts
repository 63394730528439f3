import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Caller } from './caller.ts'
import { createBodyRoom, readBody, type BodyReading, type BodyRoom } from './body.ts'

/** Sends a body in pieces to a server that reads it with these bounds, and answers what it read. */
async function readSent(
  pieces: readonly string[],
  bounds: { readonly bodyBytesMax: number; readonly room: BodyRoom },
  options: { readonly isLeaving?: boolean } = {},
): Promise<BodyReading> {
  const reading = Promise.withResolvers<BodyReading>()
  const server = createServer((request, response) => {
    void readBody(new Caller(request, response), { ...bounds, owner: 'ada' }).then((read) => {
      response.end()
      reading.resolve(read)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const sending = send({ host: '127.0.0.1', port, method: 'POST', agent: false })
  sending.on('error', () => {})
  for (const piece of pieces) await new Promise((resolve) => sending.write(piece, resolve))
  if (options.isLeaving === true) sending.destroy()
  else sending.end()
  const read = await reading.promise
  server.closeAllConnections()
  server.close()
  return read
}

test('a body is read whole, and its length is taken until it is given back', async () => {
  const room = createBodyRoom(18)

  const read = await readSent(['abc', 'def'], { bodyBytesMax: 10, room })

  assert.ok(read.kind === 'body')
  assert.equal(read.body.toString(), 'abcdef')
  assert.equal(room.takenBytes, 6)
  room.giveBack('ada', 6)
  assert.equal(room.takenBytes, 0)
})

test('bodies that together are more than the room are turned away, and leave the room as it was', async () => {
  const room = createBodyRoom(10)
  assert.ok(room.take('ben', 3))

  const read = await readSent(['abc', 'def'], { bodyBytesMax: 100, room })

  assert.deepEqual(read, { kind: 'no_room' })
  assert.equal(room.takenBytes, 3)
})

test('a body beyond its bound, or whose sender leaves, gives back what it took', async () => {
  const room = createBodyRoom(30)

  const large = await readSent(['abcd', 'efgh'], { bodyBytesMax: 6, room })
  const left = await readSent(['abcd'], { bodyBytesMax: 10, room }, { isLeaving: true })

  assert.deepEqual(large, { kind: 'too_large' })
  assert.deepEqual(left, { kind: 'caller_left' })
  assert.equal(room.takenBytes, 0)
})

test('one greedy member never takes what another needs, and of many each leaves most of what is left', () => {
  const bytesMax = 1000
  const room = createBodyRoom(bytesMax)
  for (let count = 1; count <= 6; count++) {
    const freeBefore = bytesMax - room.takenBytes
    while (room.take(`m${count}`, 1)) assert.ok(room.takenBytes <= bytesMax)

    assert.ok(bytesMax - room.takenBytes >= Math.floor((freeBefore * 2) / 3), `${count} members`)
  }
  assert.equal(room.take('newcomer', 20), true)
  assert.equal(room.take('newcomer', bytesMax), false)
})

test('what was read of a body is let go of with its end, though its sender may stay for minutes', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (const end of ['too_large', 'body'] as const) {
    const request = new PassThrough()
    const caller = { request: Object.assign(request, { headers: {} }), inviteBody: () => {} }
    const room = createBodyRoom(1_000_000)
    const reading = readBody(caller as unknown as Caller, { bodyBytesMax: 15, room, owner: 'ada' })
    const pieces = new Set<WeakRef<Buffer>>()
    const send = (text: string): void => {
      const piece = Buffer.from(text)
      pieces.add(new WeakRef(piece))
      request.emit('data', piece)
    }
    send('0123456789')
    if (end === 'too_large') send('0123456789')
    else {
      send('abc')
      request.emit('end')
    }

    assert.equal((await reading).kind, end)
    await new Promise(setImmediate)
    collect()
    assert.ok(
      [...pieces].every((piece) => piece.deref() === undefined),
      end,
    )
    // Whoever sends is still there.
    request.destroy()
  }
})

test('a sender that left before its body was asked for is known to have left', async () => {
  const room = createBodyRoom(30)
  const reading = Promise.withResolvers<BodyReading>()
  const server = createServer((request, response) => {
    request.once('close', () => {
      const read = readBody(new Caller(request, response), { bodyBytesMax: 10, room, owner: 'ada' })
      void read.then(reading.resolve)
    })
    sending.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const sending = send({ host: '127.0.0.1', port, method: 'POST', agent: false })
  sending.on('error', () => {})
  sending.write('abc')

  assert.deepEqual(await reading.promise, { kind: 'caller_left' })
  server.close()
})
