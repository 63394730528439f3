import type { Socket } from 'node:net'
import { STATUS_CODES } from 'node:http'
import { phraseFailure, type Failure, type Reply } from '../../providers/anthropic-failure.ts'

/** Answers bytes that are no HTTP request, in the API's error shape, and ends their connection. */
export function answerMalformed(
  socket: Socket,
  {
    error,
    requestId,
    canAnswer,
  }: {
    readonly error: NodeJS.ErrnoException
    readonly requestId: string
    /** False where the answer to something else has begun, or other answers come first. */
    readonly canAnswer: boolean
  },
): void {
  if (!socket.writable || !canAnswer || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const { status, failure } = failureFor(error.code)
  const reply = phraseFailure({ failure, requestId })
  socket.end(wholeReply({ ...reply, status }), () => socket.destroy())
}

function failureFor(code: string | undefined): {
  readonly status: number
  readonly failure: Failure
} {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return problem(431, 'The request line and headers are too large')
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return problem(413, 'The chunk extensions of the body are too large')
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return problem(408, 'The request did not arrive in time')
    default:
      return problem(400, 'The bytes are no valid HTTP request')
  }
}

const problem = (status: number, message: string) => ({
  status,
  failure: { kind: 'invalid_request', message } as const,
})

function wholeReply({ status, headers, body }: Reply): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const bytes = Buffer.from(body)
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}connection: close\r\ncontent-length: ${bytes.length}\r\n\r\n`
  return Buffer.concat([Buffer.from(head), bytes])
}
