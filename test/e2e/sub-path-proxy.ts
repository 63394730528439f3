import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A reverse proxy in front of the console: serves it below a path, takes the path off, and says who asked. */
export type SubPathProxy = {
  /** The address that people use, with the path. */
  readonly url: string
  /** Where it passes requests on to; known once that listens. */
  setTarget(url: string): void
  close(): Promise<void>
}

export async function openSubPathProxy(path: string): Promise<SubPathProxy> {
  let target = new URL('http://127.0.0.1:1')
  const server = createServer((request, response) => {
    const asked = request.url ?? '/'
    if (asked === path) {
      response.writeHead(301, { location: `${path}/` }).end()
      return
    }
    if (!asked.startsWith(`${path}/`)) {
      response.writeHead(404).end()
      return
    }
    const passed = httpRequest(
      {
        hostname: target.hostname,
        port: target.port,
        method: request.method,
        path: asked.slice(path.length),
        headers: { ...request.headers, 'x-forwarded-for': request.socket.remoteAddress },
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      },
    )
    passed.on('error', () => response.destroy())
    response.on('close', () => passed.destroy())
    request.pipe(passed)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}${path}`,
    setTarget: (url) => {
      target = new URL(url)
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
