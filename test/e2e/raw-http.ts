import { connect, type Socket } from 'node:net'
import { once } from 'node:events'

/** An HTTP client on a plain socket: it sends exactly the given bytes and shows exactly those that return. */
export interface RawConnection {
  write(bytes: string | Buffer): void
  /** Everything received so far, once it matches; rejects when the connection closes first. */
  until(pattern: string | RegExp): Promise<string>
  /** Everything received, once the other side has closed. */
  toEnd(): Promise<Buffer>
  leave(): void
  readonly socket: Socket
}

export async function openRaw(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  const chunks: Buffer[] = []
  const closed = once(socket, 'close')
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => socket.destroy())
  const text = (): string => Buffer.concat(chunks).toString('latin1')
  const has = (pattern: string | RegExp): boolean =>
    typeof pattern === 'string' ? text().includes(pattern) : pattern.test(text())
  return {
    socket,
    write: (bytes) => void socket.write(bytes),
    async until(pattern) {
      while (!has(pattern)) {
        if (socket.destroyed) throw new Error(`Closed before ${String(pattern)}; got: ${text()}`)
        await Promise.race([once(socket, 'data'), closed])
      }
      return text()
    },
    async toEnd() {
      await closed
      return Buffer.concat(chunks)
    },
    leave: () => void socket.destroy(),
  }
}

export type RawRequest = {
  readonly method?: string
  readonly path: string
  readonly headers?: readonly (readonly [string, string])[]
  readonly body?: string | Buffer
}

/** Request bytes with a host, a content-length where there is a body, and nothing else of their own. */
export function requestBytes({ method = 'POST', path, headers = [], body }: RawRequest): Buffer {
  const bytes = body === undefined ? Buffer.alloc(0) : Buffer.from(body)
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'Host: gateway',
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(body === undefined ? [] : [`Content-Length: ${bytes.length}`]),
  ]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), bytes])
}

export type RawReply = {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly header: (name: string) => string | undefined
  /** With the chunked framing taken off. */
  readonly body: Buffer
}

/** One request on a connection of its own. */
export async function rawExchange(url: string, request: RawRequest): Promise<RawReply> {
  const connection = await openRaw(url)
  const headers = [...(request.headers ?? []), ['Connection', 'close'] as const]
  connection.write(requestBytes({ ...request, headers }))
  return parseReply(await connection.toEnd())
}

export function parseReply(bytes: Buffer): RawReply {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd === -1) throw new Error(`Not a reply: ${bytes.toString('latin1')}`)
  const [start = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n')
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')]
  })
  const header = (name: string): string | undefined =>
    headers.find(([key]) => key.toLowerCase() === name)?.[1]
  const rest = bytes.subarray(headEnd + 4)
  const isChunked = header('transfer-encoding') === 'chunked'
  const body = isChunked ? unchunked(rest) : rest
  return { status: Number(start.split(' ')[1]), headers, header, body }
}

function unchunked(bytes: Buffer): Buffer {
  const pieces: Buffer[] = []
  let at = 0
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd === -1) break
    const length = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    if (!(length > 0)) break
    pieces.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + length))
    at = lineEnd + 2 + length + 2
  }
  return Buffer.concat(pieces)
}
