import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createBodyRoom, readBody, type BodyReading, type BodyRoom } from './body.ts'

/** Sends a body in pieces to a server that reads it with these bounds, and answers what it read. */
async function readSent(
  pieces: readonly string[],
  bounds: { readonly bodyBytesMax: number; readonly room: BodyRoom },
  options: { readonly isLeaving?: boolean } = {},
): Promise<BodyReading> {
  const reading = Promise.withResolvers<BodyReading>()
  const server = createServer((request, response) => {
    void readBody(request, bounds).then((read) => {
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
  const room = createBodyRoom(10)

  const read = await readSent(['abc', 'def'], { bodyBytesMax: 10, room })

  assert.ok(read.kind === 'body')
  assert.equal(read.body.toString(), 'abcdef')
  assert.equal(room.take(5), false)
  room.giveBack(6)
  assert.equal(room.take(10), true)
})

test('bodies that together are more than the room are turned away, and leave the room as it was', async () => {
  const room = createBodyRoom(10)
  assert.ok(room.take(6))

  const read = await readSent(['abc', 'def'], { bodyBytesMax: 100, room })

  assert.deepEqual(read, { kind: 'no_room' })
  assert.equal(room.take(4), true)
})

test('a body beyond its bound, or whose sender leaves, gives back what it took', async () => {
  const room = createBodyRoom(10)

  const large = await readSent(['abcd', 'efgh'], { bodyBytesMax: 6, room })
  const left = await readSent(['abcd'], { bodyBytesMax: 10, room }, { isLeaving: true })

  assert.deepEqual(large, { kind: 'too_large' })
  assert.deepEqual(left, { kind: 'caller_left' })
  assert.equal(room.take(10), true)
})
