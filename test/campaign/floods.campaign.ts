import { once } from 'node:events'
import type { Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import { requestBytes } from '../e2e/raw-http.ts'
import { askBody } from '../e2e/scripted-world.ts'
import {
  loop,
  open,
  openAsker,
  watchNeighbour,
  type Loop,
  type Seen,
} from './callers/closed-loop.ts'
import { openFloodedServer, type FloodedServer } from './callers/flooded-server.ts'
import type { Campaign, CampaignRow } from './campaign.ts'

export const campaign: Campaign = {
  name: 'floods',
  about:
    'Wrong keys, refusals, big bodies, slow readers, slow senders and idle connections beside an honest neighbour, who must be served',
  countDefault: 20_000,
  async run({ count, onProgress }) {
    const upstream = new Worker(new URL('callers/flood-upstream.ts', import.meta.url))
    const [upstreamUrl] = (await once(upstream, 'message')) as [string]
    const server = await openFloodedServer([
      '--upstream-url',
      upstreamUrl,
      '--upstream-key',
      'sk-upstream',
      '--burst-per-minute',
      '60000',
      '--burst-size',
      '1000',
    ])
    try {
      const results: Flood[] = []
      const keyText = await server.addKey('wide')
      await warmUp(server, keyText)
      for (const flood of floods) {
        results.push(await measure(server, keyText, () => flood(server, count)))
        onProgress(Math.round((count * results.length) / floods.length))
      }
      return { rows: results.map(rowOf), figures: figuresOf(results) }
    } finally {
      await server[Symbol.asyncDispose]()
      await upstream.terminate()
    }
  },
}

/** What one flood was, and what it left behind. */
type Flooded = {
  readonly what: string
  readonly tried: number
  /** Answers that the flood should not have got. */
  readonly wrong: number
  readonly seconds?: number
}
type Flood = Flooded & {
  readonly seen: Seen
  readonly rssMaxMb: number | null
  readonly cpuMs: number | null
  /** Requests that still ran when everybody had left. */
  readonly leftRunning: number
}

const floods: readonly ((server: FloodedServer, count: number) => Promise<Flooded>)[] = [
  quiet,
  wrongKeys,
  denials,
  tooFast,
  announcedBodies,
  greedyBodies,
  slowReaders,
  slowSenders,
]

const ask = (keyText: string, fields = {}): Buffer =>
  requestBytes({
    path: '/v1/messages',
    headers: [
      ['x-api-key', keyText],
      ['content-type', 'application/json'],
    ],
    body: askBody(fields),
  })

async function warmUp(server: FloodedServer, keyText: string): Promise<void> {
  await loop(server.url, ask(keyText), { count: 500, connections: 2 })
}

async function measure(
  server: FloodedServer,
  keyText: string,
  flood: () => Promise<Flooded>,
): Promise<Flood> {
  const before = server.use()
  let rssMaxMb = before?.rssMb ?? null
  const watch = setInterval(() => {
    const rssMb = server.use()?.rssMb
    if (rssMb !== undefined) rssMaxMb = Math.max(rssMaxMb ?? 0, rssMb)
  }, 50)
  try {
    const { answer, seen } = await watchNeighbour(server.url, ask(keyText), flood)
    const after = server.use()
    const cpuMs = before === null || after === null ? null : after.cpuMs - before.cpuMs
    return { ...answer, seen, rssMaxMb, cpuMs, leftRunning: await runningAtLast(server) }
  } finally {
    clearInterval(watch)
  }
}

const settleTriesMax = 200

async function runningAtLast(server: FloodedServer): Promise<number> {
  let count = await server.runningCount()
  for (let tries = 0; count > 0 && tries < settleTriesMax; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 25))
    count = await server.runningCount()
  }
  return count
}

const others = ({ statuses }: Loop, expected: number): number =>
  [...statuses].reduce((sum, [status, count]) => (status === expected ? sum : sum + count), 0)

async function quiet(): Promise<Flooded> {
  await new Promise((resolve) => setTimeout(resolve, 2000))
  return { what: 'nothing else', tried: 1, wrong: 0 }
}

const loopConnections = 8

async function wrongKeys(server: FloodedServer, count: number): Promise<Flooded> {
  const bytes = ask('plim_0123456789abcdefghjkmnpqrstvwxyz')
  const done = await loop(server.url, bytes, { count, connections: loopConnections })
  return { what: 'wrong keys', tried: count, wrong: others(done, 401), seconds: done.seconds }
}

async function denials(server: FloodedServer, count: number): Promise<Flooded> {
  const bytes = ask(await server.addKey('spent'))
  await loop(server.url, bytes, { count: 1, connections: 1 })
  const done = await loop(server.url, bytes, { count, connections: loopConnections })
  return {
    what: 'a member whose plan is spent, in a loop',
    tried: count,
    wrong: others(done, 429),
    seconds: done.seconds,
  }
}

/** The key of the loop above has used up its burst by the end; this one asks for what costs nothing. */
async function tooFast(server: FloodedServer, count: number): Promise<Flooded> {
  const key = await server.addKey('wide')
  const bytes = requestBytes({ method: 'GET', path: '/v1/models', headers: [['x-api-key', key]] })
  const done = await loop(server.url, bytes, { count, connections: loopConnections })
  const served = done.statuses.get(200) ?? 0
  const refused = done.statuses.get(429) ?? 0
  return {
    what: 'one key as fast as it can, beyond its burst',
    tried: count,
    wrong: count - served - refused,
    seconds: done.seconds,
  }
}

async function announcedBodies(server: FloodedServer, count: number): Promise<Flooded> {
  const key = await server.addKey('wide')
  const head = `POST /v1/messages HTTP/1.1\r\nHost: x\r\nx-api-key: ${key}\r\nContent-Length: 104857600\r\n\r\n`
  const tried = Math.max(5, Math.floor(count / 1000))
  let wrong = 0
  for (let i = 0; i < tried; i++) {
    const asker = await openAsker(server.url)
    if ((await asker.ask(Buffer.from(head))) !== 413) wrong += 1
    asker.leave()
  }
  return { what: 'bodies of 100 MB, announced', tried, wrong }
}

/** One member whose bodies nearly come, as many at once as it gets room for. */
async function greedyBodies(server: FloodedServer, count: number): Promise<Flooded> {
  const key = await server.addKey('wide')
  const tried = Math.min(40, Math.max(4, Math.floor(count / 500)))
  const head = `POST /v1/messages HTTP/1.1\r\nHost: x\r\nx-api-key: ${key}\r\nContent-Length: 33554432\r\n\r\n`
  const sockets = await Promise.all(Array.from({ length: tried }, () => open(server.url)))
  const block = Buffer.alloc(1024 * 1024, 'x')
  await Promise.all(
    sockets.map(async (socket) => {
      socket.on('error', () => socket.destroy())
      socket.resume()
      socket.write(head)
      for (let sent = 0; sent < 31 && !socket.destroyed; sent++) await written(socket, block)
    }),
  )
  for (const socket of sockets) socket.destroy()
  return { what: 'one member with bodies of 32 MB that never end', tried, wrong: 0 }
}

/** Resolves when the connection takes more, or is closed. */
function written(socket: Socket, block: Buffer): Promise<void> {
  if (socket.write(block)) return Promise.resolve()
  return new Promise((resolve) => {
    const finish = (): void => {
      socket.off('drain', finish)
      socket.off('close', finish)
      resolve()
    }
    socket.once('drain', finish)
    socket.once('close', finish)
  })
}

async function slowReaders(server: FloodedServer, count: number): Promise<Flooded> {
  const key = await server.addKey('wide')
  const tried = Math.min(500, Math.max(20, Math.floor(count / 40)))
  const bytes = ask(key, { stream: true })
  const sockets = await openMany(server.url, tried)
  for (const socket of sockets) {
    socket.pause()
    socket.write(bytes)
  }
  while ((await server.runningCount()) < tried)
    await new Promise((resolve) => setTimeout(resolve, 50))
  // As long as anything moves, the figures may still rise.
  await new Promise((resolve) => setTimeout(resolve, 2000))
  for (const socket of sockets) socket.destroy()
  return { what: 'callers of 10 MB streams that read nothing', tried, wrong: 0 }
}

async function slowSenders(server: FloodedServer, count: number): Promise<Flooded> {
  const tried = Math.max(50, Math.floor(count / 4))
  const sockets = await openMany(server.url, tried)
  for (const [index, socket] of sockets.entries()) {
    // Every third stays idle, the others begin a request and send on, byte by byte.
    if (index % 3 > 0) socket.write('POST /v1/messages HTTP/1.1\r\nHost: x\r\nx-slow: ')
  }
  for (let bytes = 0; bytes < 20; bytes++) {
    for (const [index, socket] of sockets.entries()) if (index % 3 > 0) socket.write('x')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  for (const socket of sockets) socket.destroy()
  return { what: 'idle connections and headers that never end', tried, wrong: 0 }
}

async function openMany(url: string, count: number): Promise<readonly Socket[]> {
  const sockets: Socket[] = []
  while (sockets.length < count) {
    const batch = Math.min(200, count - sockets.length)
    sockets.push(...(await Promise.all(Array.from({ length: batch }, () => open(url)))))
  }
  for (const socket of sockets) socket.on('error', () => socket.destroy())
  return sockets
}

const rowOf = ({ what, tried, wrong, leftRunning, seen }: Flood): CampaignRow => ({
  what: `${what} (${seen.tried} requests of a neighbour beside it)`,
  tried,
  lost: leftRunning,
  deniedFalsely: seen.refused,
  broken: wrong,
})

const unknown = 'not told by this system'

function figuresOf(results: readonly Flood[]): { readonly name: string; readonly value: string }[] {
  const calmP99Ms = results[0]?.seen.p99Ms ?? NaN
  return results.map(({ what, tried, seconds, cpuMs, rssMaxMb, seen }) => {
    const rate = seconds === undefined ? [] : [`${Math.round(tried / seconds)} a second`]
    const cpu = seconds === undefined ? [] : [`CPU ${cpuOf(cpuMs, tried + seen.tried)}`]
    const memory = `memory at most ${rssMaxMb === null ? unknown : `${rssMaxMb} MB`}`
    const ratio = (seen.p99Ms / calmP99Ms).toFixed(1)
    const neighbour = `neighbour p50 ${seen.p50Ms.toFixed(1)} ms, p99 ${seen.p99Ms.toFixed(1)} ms (${ratio} of calm)`
    return { name: what, value: [...rate, ...cpu, memory, neighbour].join('; ') }
  })
}

const cpuOf = (cpuMs: number | null, requests: number): string =>
  cpuMs === null ? unknown : `${Math.round((cpuMs * 1000) / requests)} µs a request`
