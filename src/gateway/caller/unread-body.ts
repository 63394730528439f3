import type { IncomingMessage } from 'node:http'

/** So much of the body of somebody unknown is still read, so that its sender is there to hear the answer. */
const strangersBytesMax = 8 * 1024 * 1024

/**
 * Reads and drops what still comes of a request that is answered already; beyond the bound its connection
 * ends. Nothing of it is kept.
 */
export function dropUnread(request: IncomingMessage, bytesMax = strangersBytesMax): void {
  if (request.complete || request.destroyed) return
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > bytesMax) request.socket.destroy()
  })
}
