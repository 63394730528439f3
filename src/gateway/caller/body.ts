import type { Caller } from './caller.ts'

/** A request's body, read whole: its price cannot be known from a part. */
export type BodyReading =
  | { readonly kind: 'body'; readonly body: Buffer }
  | { readonly kind: 'too_large' }
  /** The process already keeps as many bytes of running requests as it may. */
  | { readonly kind: 'no_room' }
  | { readonly kind: 'caller_left' }

/** Bytes of request bodies that this process keeps in memory, over all running requests. */
export interface BodyRoom {
  readonly takenBytes: number
  readonly bytesMax: number
  /** `owner` is whoever the bytes belong to: a member, with all its keys. */
  take(owner: string, bytes: number): boolean
  giveBack(owner: string, bytes: number): void
}

/**
 * An owner may have half as much as it leaves free: alone at most a third of the room, and every further
 * greedy one at most a third of what is left. So nobody's bodies are refused because of one other.
 */
export function createBodyRoom(bytesMax: number): BodyRoom {
  const taken = new Map<string, number>()
  let takenBytes = 0
  return {
    get takenBytes() {
      return takenBytes
    },
    bytesMax,
    take(owner, bytes) {
      const own = (taken.get(owner) ?? 0) + bytes
      const free = bytesMax - takenBytes - bytes
      if (free < 0 || own * 2 > free) return false
      taken.set(owner, own)
      takenBytes += bytes
      return true
    },
    giveBack(owner, bytes) {
      const own = (taken.get(owner) ?? 0) - bytes
      if (own > 0) taken.set(owner, own)
      else taken.delete(owner)
      takenBytes -= bytes
    },
  }
}

type BodyBounds = {
  readonly bodyBytesMax: number
  readonly room: BodyRoom
  readonly owner: string
}

/** Whoever gets a body gives its length back to the room when the request is over. */
export function readBody(
  caller: Caller,
  { bodyBytesMax, room, owner }: BodyBounds,
): Promise<BodyReading> {
  const { request } = caller
  // Who left before anybody listened says so to nobody any more.
  if (request.destroyed) return Promise.resolve({ kind: 'caller_left' })
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > bodyBytesMax) return Promise.resolve({ kind: 'too_large' })
  caller.inviteBody()
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    let isOver = false
    const finish = (reading: BodyReading): void => {
      if (isOver) return
      isOver = true
      request.off('data', onData)
      // These listeners live as long as the connection, which may be far longer than the body is needed.
      chunks.length = 0
      if (reading.kind !== 'body') room.giveBack(owner, bytes)
      resolve(reading)
    }
    const onData = (chunk: Buffer): void => {
      if (bytes + chunk.length > bodyBytesMax) return finish({ kind: 'too_large' })
      if (!room.take(owner, chunk.length)) return finish({ kind: 'no_room' })
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
