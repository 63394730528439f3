import { createServer, type Socket } from 'node:net'

/**
 * The LLM API of the bench: it answers at once with the same bytes, a message or a stream of twenty text
 * events, each written on its own turn of the event loop. Plain sockets, so that it is not the bottleneck.
 */
const eventsPerStream = 20

const usage = { input_tokens: 412, output_tokens: 64, cache_read_input_tokens: 2048 }
const message = {
  id: 'msg_bench',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-4-5',
  content: [{ type: 'text', text: 'The dog did not mind. '.repeat(12) }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage,
}
const messageBody = JSON.stringify(message)
const messageReply = Buffer.from(
  [
    'HTTP/1.1 200 OK',
    'Content-Type: application/json',
    'request-id: req_bench',
    'anthropic-ratelimit-requests-limit: 50',
    `Content-Length: ${Buffer.byteLength(messageBody)}`,
    '',
    messageBody,
  ].join('\r\n'),
)

const streamHead = Buffer.from(
  [
    'HTTP/1.1 200 OK',
    'Content-Type: text/event-stream; charset=utf-8',
    'request-id: req_bench',
    'Transfer-Encoding: chunked',
    '\r\n',
  ].join('\r\n'),
)

type Event = { readonly type: string; readonly [field: string]: unknown }

function piece(event: Event): Buffer {
  const text = `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
  return Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`)
}

const textDelta = piece({
  type: 'content_block_delta',
  index: 0,
  delta: { type: 'text_delta', text: 'The dog did not mind. ' },
})
const streamPieces: readonly Buffer[] = [
  Buffer.concat([
    streamHead,
    piece({ type: 'message_start', message: { ...message, content: [] } }),
    piece({
      type: 'content_block_start',
      index: 0,
      content_block: { type: 'text', text: '' },
    }),
  ]),
  ...Array.from({ length: eventsPerStream }, () => textDelta),
  Buffer.concat([
    piece({ type: 'content_block_stop', index: 0 }),
    piece({
      type: 'message_delta',
      delta: { stop_reason: 'end_turn' },
      usage: { output_tokens: 64 },
    }),
    piece({ type: 'message_stop' }),
    Buffer.from('0\r\n\r\n'),
  ]),
]

const server = createServer({ noDelay: true }, (socket) => {
  let pending: Buffer = Buffer.alloc(0)
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    for (;;) {
      const headEnd = pending.indexOf('\r\n\r\n')
      if (headEnd === -1) return
      const head = pending.toString('latin1', 0, headEnd)
      const bodyEnd = headEnd + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
      if (pending.length < bodyEnd) return
      const isStream = pending.subarray(headEnd + 4, bodyEnd).includes('"stream":true')
      pending = pending.subarray(bodyEnd)
      if (isStream) sendStream(socket, 0)
      else socket.write(messageReply)
    }
  })
})

function sendStream(socket: Socket, index: number): void {
  const next = streamPieces[index]
  if (next === undefined || socket.destroyed) return
  socket.write(next)
  setImmediate(() => sendStream(socket, index + 1))
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object') process.send?.({ url: `http://127.0.0.1:${address?.port}` })
})
process.on('message', () => process.send?.(process.cpuUsage()))
process.on('disconnect', () => process.exit(0))
