import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool, type Dispatcher } from 'undici'

/**
 * The floor: the least that a Node process can do between a client and an LLM API. It reads a body whole,
 * swaps the host, and writes the reply through. No keys, no limits, no metering, nothing stored.
 */
const pool = new Pool(process.argv[2] ?? '')
const perHop = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'keep-alive'])

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const headers: string[] = []
    for (let i = 0; i + 1 < request.rawHeaders.length; i += 2) {
      const name = request.rawHeaders[i] ?? ''
      if (!perHop.has(name.toLowerCase())) headers.push(name, request.rawHeaders[i + 1] ?? '')
    }
    let controller: Dispatcher.DispatchController | undefined
    response.on('drain', () => controller?.resume())
    response.on('close', () => {
      if (!response.writableFinished) controller?.abort(new Error('left'))
    })
    pool.dispatch(
      {
        method: 'POST',
        path: request.url ?? '/',
        headers,
        body: chunks.length === 1 ? (chunks[0] ?? null) : Buffer.concat(chunks),
      },
      {
        onRequestStart: (started) => {
          controller = started
        },
        onResponseStart: (started, status) => {
          const raw = Array.isArray(started.rawHeaders) ? started.rawHeaders : []
          const reply: string[] = []
          for (let i = 0; i + 1 < raw.length; i += 2) {
            const name = String(raw[i])
            if (!perHop.has(name.toLowerCase())) reply.push(name, String(raw[i + 1]))
          }
          response.writeHead(status, reply)
        },
        onResponseData: (started, chunk) => {
          if (!response.write(chunk)) started.pause()
        },
        onResponseEnd: () => void response.end(),
        onResponseError: () => void response.destroy(),
      },
    )
  })
})

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.send?.({ url: `http://127.0.0.1:${port}` })
})
process.on('message', () => process.send?.(process.cpuUsage()))
process.on('disconnect', () => process.exit(0))
