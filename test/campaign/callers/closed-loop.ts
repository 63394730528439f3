import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** One kept connection that sends the next request when the answer to the one before is whole. */
export interface Asker {
  /** Resolves with the status; with 0 when the connection ended instead. */
  ask(bytes: Buffer): Promise<number>
  leave(): void
}

export async function openAsker(url: string): Promise<Asker> {
  let socket = await open(url)
  let received: Buffer = Buffer.alloc(0)
  let finish: ((status: number) => void) | undefined
  const listen = (): void => {
    received = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
      const status = wholeReply(received)
      if (status === null) return
      received = Buffer.alloc(0)
      finish?.(status)
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => finish?.(0))
  }
  listen()
  return {
    async ask(bytes) {
      if (socket.destroyed) {
        socket = await open(url)
        listen()
      }
      const answer = new Promise<number>((resolve) => {
        finish = resolve
      })
      socket.write(bytes)
      return answer
    },
    leave: () => void socket.destroy(),
  }
}

export async function open(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  return socket
}

/** The status of a reply that is whole; null while more of it comes. Replies here have a length or are chunked. */
function wholeReply(bytes: Buffer): number | null {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd === -1) return null
  const head = bytes.toString('latin1', 0, headEnd)
  const length = /^content-length: (\d+)/im.exec(head)?.[1]
  const isWhole =
    length === undefined
      ? bytes.subarray(-5).toString('latin1') === '0\r\n\r\n'
      : bytes.length >= headEnd + 4 + Number(length)
  return isWhole ? Number(head.split(' ')[1]) : null
}

export type Loop = { readonly statuses: ReadonlyMap<number, number>; readonly seconds: number }

/** So many requests over so many connections, each as fast as its answers come. */
export async function loop(
  url: string,
  bytes: Buffer,
  { count, connections }: { readonly count: number; readonly connections: number },
): Promise<Loop> {
  const statuses = new Map<number, number>()
  let left = count
  const startedMs = performance.now()
  const run = async (): Promise<void> => {
    const asker = await openAsker(url)
    while (left > 0) {
      left -= 1
      const status = await asker.ask(bytes)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
    asker.leave()
  }
  await Promise.all(Array.from({ length: connections }, run))
  return { statuses, seconds: (performance.now() - startedMs) / 1000 }
}

/** What an honest caller saw beside a flood. */
export type Seen = {
  readonly tried: number
  readonly refused: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Somebody who sends one request after another meanwhile, and sees how long each takes. */
export async function watchNeighbour<Answer>(
  asking: { readonly url: string; readonly bytes: Buffer; readonly samplesMin: number },
  during: () => Promise<Answer>,
): Promise<{ readonly answer: Answer; readonly seen: Seen }> {
  const neighbour = new Worker(new URL('neighbour.ts', import.meta.url), { workerData: asking })
  const told = once(neighbour, 'message')
  await once(neighbour, 'online')
  const answer = await during()
  neighbour.postMessage('over')
  const [seen] = (await told) as [Seen]
  return { answer, seen }
}
