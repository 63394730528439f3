import type { IncomingMessage } from 'node:http'

/** A request's body, read whole: its price cannot be known from a part. */
export type BodyReading =
  | { readonly kind: 'body'; readonly body: Buffer }
  | { readonly kind: 'too_large' }
  /** The process already keeps as many bytes of running requests as it may. */
  | { readonly kind: 'no_room' }
  | { readonly kind: 'caller_left' }

/** Bytes of request bodies that this process keeps in memory, over all running requests. */
export interface BodyRoom {
  take(bytes: number): boolean
  giveBack(bytes: number): void
}

export function createBodyRoom(bytesMax: number): BodyRoom {
  let takenBytes = 0
  return {
    take(bytes) {
      if (takenBytes + bytes > bytesMax) return false
      takenBytes += bytes
      return true
    },
    giveBack(bytes) {
      takenBytes -= bytes
    },
  }
}

type BodyBounds = { readonly bodyBytesMax: number; readonly room: BodyRoom }

/** Whoever gets a body gives its length back to the room when the request is over. */
export function readBody(
  request: IncomingMessage,
  { bodyBytesMax, room }: BodyBounds,
): Promise<BodyReading> {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > bodyBytesMax) return Promise.resolve({ kind: 'too_large' })
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    let isOver = false
    const finish = (reading: BodyReading): void => {
      if (isOver) return
      isOver = true
      request.off('data', onData)
      if (reading.kind !== 'body') {
        room.giveBack(bytes)
        // What still comes is read and dropped, so that the caller can read the refusal.
        request.resume()
      }
      resolve(reading)
    }
    const onData = (chunk: Buffer): void => {
      if (bytes + chunk.length > bodyBytesMax) return finish({ kind: 'too_large' })
      if (!room.take(chunk.length)) return finish({ kind: 'no_room' })
      bytes += chunk.length
      chunks.push(chunk)
    }
    request.on('data', onData)
    request.once('end', () => {
      const [only] = chunks
      const isOne = chunks.length === 1 && only !== undefined
      finish({ kind: 'body', body: isOne ? only : Buffer.concat(chunks, bytes) })
    })
    request.once('error', () => finish({ kind: 'caller_left' }))
    request.once('close', () => finish({ kind: 'caller_left' }))
  })
}
