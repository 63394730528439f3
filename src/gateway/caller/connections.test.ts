import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { ManualClock } from '../../../test/contract/manual-clock.ts'
import { Connections } from './connections.ts'

/** More than the system keeps of a connection whose other side does not read. */
const large = Buffer.alloc(32 * 1024 * 1024, 'x')

test('an answer that is complete and still on its way gives way to nobody, and does once it has arrived', async (t) => {
  const connections = new Connections(1, new ManualClock())
  const answered = Promise.withResolvers<ServerResponse>()
  const server = createServer((_request, response) => {
    connections.begin(response)
    connections.prove(response)
    response.end(large)
    connections.end(response, true)
    answered.resolve(response)
  })
  server.on('connection', (socket) => connections.accept(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  const slow = connect(port, '127.0.0.1')
  slow.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  const response = await answered.promise

  const newcomer = connect(port, '127.0.0.1')
  newcomer.on('error', () => {})
  await once(newcomer, 'close')
  let bytes = 0
  slow.on('data', (chunk: Buffer) => (bytes += chunk.length))
  await once(response, 'close')
  while (bytes < large.length) await once(slow, 'data')
  const next = connect(port, '127.0.0.1')
  await once(slow, 'close')

  assert.equal(connections.openCount, 1)
  assert.equal(connections.gaveWayCount, 2)
  next.destroy()
})
