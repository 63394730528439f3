import { createServer, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'

/**
 * An LLM API on a plain socket: it records each request byte for byte and answers exactly the bytes that
 * a test tells it to, in the pieces and at the moments that the test chooses.
 */
export type UpstreamCall = {
  readonly method: string
  /** With its query string. */
  readonly path: string
  /** Pairs in their order and case. */
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer
  /** Writes raw bytes of the reply; false when the connection is full for now. */
  send(bytes: string | Buffer): boolean
  /** Resolves when the connection takes more, or is closed. */
  drained(): Promise<void>
  /** Breaks the connection off. */
  reset(): void
  /** Closes the connection behind what was sent: all of it arrives. */
  finish(): void
  /** Resolves when the gateway closes this connection. */
  readonly closed: Promise<void>
}

export type Answer = (call: UpstreamCall) => unknown

export interface ScriptedUpstream {
  readonly url: string
  readonly calls: readonly UpstreamCall[]
  /** How the next requests are answered, until set anew. */
  answer: Answer
  close(): Promise<void>
}

export async function startScriptedUpstream(answer: Answer): Promise<ScriptedUpstream> {
  const calls: UpstreamCall[] = []
  const sockets = new Set<Socket>()
  const upstream = { answer }
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    serve(socket, (call) => {
      calls.push(call)
      void Promise.resolve(upstream.answer(call))
    })
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return Object.assign(upstream, {
    url: `http://127.0.0.1:${port}`,
    calls,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  })
}

/** Requests come one after another on a kept connection, each with a content-length or no body. */
function serve(socket: Socket, onCall: (call: UpstreamCall) => void): void {
  let pending = Buffer.alloc(0)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk])
    for (;;) {
      const headEnd = pending.indexOf('\r\n\r\n')
      if (headEnd === -1) return
      const [start = '', ...lines] = pending.toString('latin1', 0, headEnd).split('\r\n')
      const headers = lines.map((line): [string, string] => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')]
      })
      const length = Number(headerOf(headers, 'content-length') ?? 0)
      const end = headEnd + 4 + length
      if (pending.length < end) return
      const body = pending.subarray(headEnd + 4, end)
      pending = pending.subarray(end)
      const [method = '', path = ''] = start.split(' ')
      onCall({
        method,
        path,
        headers,
        body,
        closed,
        send: (bytes) => socket.destroyed || socket.write(bytes),
        drained: () =>
          Promise.race([closed, new Promise<void>((resolve) => socket.once('drain', resolve))]),
        reset: () => socket.resetAndDestroy(),
        finish: () => socket.end(),
      })
    }
  })
}

export function headerOf(
  headers: readonly (readonly [string, string])[],
  name: string,
): string | undefined {
  return headers.find(([key]) => key.toLowerCase() === name)?.[1]
}

/** A whole reply with a content-length. */
export function reply(
  status: number,
  body: string | Buffer,
  headers: readonly string[] = [],
): Buffer {
  const bytes = Buffer.from(body)
  const lines = [`HTTP/1.1 ${status} Scripted`, ...headers, `content-length: ${bytes.length}`]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), bytes])
}

export function jsonReply(status: number, value: unknown, headers: readonly string[] = []): Buffer {
  return reply(status, JSON.stringify(value), ['content-type: application/json', ...headers])
}

export const streamHead = [
  'HTTP/1.1 200 OK',
  'content-type: text/event-stream; charset=utf-8',
  'request-id: req_scripted',
  'transfer-encoding: chunked',
  '\r\n',
].join('\r\n')
export const streamEnd = '0\r\n\r\n'

/** One piece of a chunked body. */
export function piece(bytes: string | Buffer): Buffer {
  const data = Buffer.from(bytes)
  return Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')])
}

type Event = { readonly type: string; readonly [field: string]: unknown }

export function event(value: Event): string {
  return `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`
}

export type Usage = {
  readonly input_tokens?: number
  readonly output_tokens?: number
  readonly cache_read_input_tokens?: number
  readonly cache_creation_input_tokens?: number
}

/** The events of a small answer in the API's own order. */
export function messageEvents(texts: readonly string[], usage: Usage): readonly string[] {
  const { output_tokens: outputTokens = 0, ...input } = usage
  return [
    event(messageStart({ ...input, output_tokens: 1 })),
    event(blockStart),
    ...texts.map((text) => event(textDelta(text))),
    event({ type: 'content_block_stop', index: 0 }),
    event(messageDelta({ output_tokens: outputTokens })),
    event({ type: 'message_stop' }),
  ]
}

export const messageStart = (usage: Usage, model = 'claude-sonnet-4-5') => ({
  type: 'message_start',
  message: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage,
  },
})
const blockStart = {
  type: 'content_block_start',
  index: 0,
  content_block: { type: 'text', text: '' },
}
export const textDelta = (text: string) => ({
  type: 'content_block_delta',
  index: 0,
  delta: { type: 'text_delta', text },
})
export const messageDelta = (usage: Usage) => ({
  type: 'message_delta',
  delta: { stop_reason: 'end_turn', stop_sequence: null },
  usage,
})

/** The whole answer of a request that did not stream. */
export const message = (text: string, usage: Usage, model = 'claude-sonnet-4-5') => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model,
  content: [{ type: 'text', text }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage,
})

/** Answers every request with the same whole message or stream, as it asks. */
export function answering(text: string, usage: Usage): Answer {
  return (call) => {
    const isStream = /"stream"\s*:\s*true/.test(call.body.toString())
    if (isStream) {
      call.send(streamHead)
      for (const one of messageEvents([text], usage)) call.send(piece(one))
      call.send(streamEnd)
    } else {
      call.send(jsonReply(200, message(text, usage), ['request-id: req_scripted']))
    }
  }
}
