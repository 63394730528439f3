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
      '--customer-running-max',
      '5000',
    ])
    try {
      const results: Flood[] = []
      const keyText = await server.addKey('wide')
      await warmUp(server, keyText)
      const openBefore = server.use()?.openCount ?? null
      for (const flood of floods) {
        results.push(await measure(flood, { server, keyText, count }))
        onProgress(Math.round((count * results.length) / floods.length))
      }
      const leak = await openAtLast(server, openBefore)
      return {
        rows: [...results.map(rowOf), leak.row],
        figures: [...figuresOf(results), leak.figure],
      }
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

type FloodTerms = {
  readonly server: FloodedServer
  readonly count: number
  /** Lets the neighbour ask while this runs; what comes before it is only getting ready. */
  readonly beside: <Answer>(during: () => Promise<Answer>) => Promise<Answer>
}

const floods: readonly ((terms: FloodTerms) => Promise<Flooded>)[] = [
  quiet,
  wrongKeys,
  denials,
  unservedPaths,
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
  flood: (typeof floods)[number],
  terms: { readonly server: FloodedServer; readonly keyText: string; readonly count: number },
): Promise<Flood> {
  const { server, keyText, count } = terms
  const samplesMin = Math.min(300, Math.max(20, Math.floor(count / 50)))
  let seen: Seen = { tried: 0, refused: 0, p50Ms: NaN, p99Ms: NaN }
  let cpuMs: number | null = null
  let rssMaxMb = server.use()?.rssMb ?? null
  const watch = setInterval(() => {
    const rssMb = server.use()?.rssMb
    if (rssMb !== undefined) rssMaxMb = Math.max(rssMaxMb ?? 0, rssMb)
  }, 50)
  const beside: FloodTerms['beside'] = async (during) => {
    const before = server.use()
    const watched = await watchNeighbour(
      { url: server.url, bytes: ask(keyText), samplesMin },
      during,
    )
    const after = server.use()
    seen = watched.seen
    if (before !== null && after !== null) cpuMs = after.cpuMs - before.cpuMs
    return watched.answer
  }
  try {
    const flooded = await flood({ server, count, beside })
    return { ...flooded, seen, rssMaxMb, cpuMs, leftRunning: await runningAtLast(server) }
  } finally {
    clearInterval(watch)
  }
}

const settleTriesMax = 200

async function runningAtLast(server: FloodedServer): Promise<number> {
  let count = await server.runningCount()
  for (let tries = 0; count > 0 && tries < settleTriesMax; tries++) {
    await passMs(25)
    count = await server.runningCount()
  }
  return count
}

const unknown = 'not told by this system'

/** Connections to the upstream are kept and used again; beyond a few of them, what is open is a leak. */
const keptMax = 50

async function openAtLast(server: FloodedServer, before: number | null) {
  const tooMany = (): boolean => (server.use()?.openCount ?? 0) > (before ?? 0) + keptMax
  for (let tries = 0; tooMany() && tries < settleTriesMax; tries++) await passMs(50)
  const after = server.use()?.openCount ?? null
  const what = 'files and sockets of the server before and after all of it'
  return {
    row: { what, tried: 1, lost: 0, deniedFalsely: 0, broken: tooMany() ? 1 : 0 },
    figure: { name: what, value: `${before ?? unknown}, ${after ?? unknown}` },
  }
}

const others = ({ statuses }: Loop, expected: number): number =>
  [...statuses].reduce((sum, [status, count]) => (status === expected ? sum : sum + count), 0)

async function quiet({ beside }: FloodTerms): Promise<Flooded> {
  await beside(() => Promise.resolve())
  return { what: 'nothing else', tried: 1, wrong: 0 }
}

const loopConnections = 8

async function wrongKeys({ server, count, beside }: FloodTerms): Promise<Flooded> {
  const bytes = ask('plim_0123456789abcdefghjkmnpqrstvwxyz')
  const done = await beside(() => loop(server.url, bytes, { count, connections: loopConnections }))
  return { what: 'wrong keys', tried: count, wrong: others(done, 401), seconds: done.seconds }
}

async function denials({ server, count, beside }: FloodTerms): Promise<Flooded> {
  const bytes = ask(await server.addKey('spent'))
  await loop(server.url, bytes, { count: 1, connections: 1 })
  const done = await beside(() => loop(server.url, bytes, { count, connections: loopConnections }))
  return {
    what: 'a member whose plan is spent, in a loop',
    tried: count,
    wrong: others(done, 429),
    seconds: done.seconds,
  }
}

async function unservedPaths({ server, count, beside }: FloodTerms): Promise<Flooded> {
  const key = await server.addKey('wide')
  const bytes = requestBytes({ method: 'GET', path: '/v1/files', headers: [['x-api-key', key]] })
  const done = await beside(() => loop(server.url, bytes, { count, connections: loopConnections }))
  return {
    what: 'paths that are not served',
    tried: count,
    wrong: others(done, 404),
    seconds: done.seconds,
  }
}

async function announcedBodies({ server, count, beside }: FloodTerms): Promise<Flooded> {
  const key = await server.addKey('wide')
  const head = `POST /v1/messages HTTP/1.1\r\nHost: x\r\nx-api-key: ${key}\r\nContent-Length: 104857600\r\n\r\n`
  const tried = Math.max(5, Math.floor(count / 100))
  const wrong = await beside(async () => {
    let others = 0
    for (let i = 0; i < tried; i++) {
      const asker = await openAsker(server.url)
      if ((await asker.ask(Buffer.from(head))) !== 413) others += 1
      asker.leave()
    }
    return others
  })
  return { what: 'bodies of 100 MB, announced', tried, wrong }
}

/** One member whose bodies nearly come, as many at once as it gets room for. */
async function greedyBodies({ server, count, beside }: FloodTerms): Promise<Flooded> {
  const key = await server.addKey('wide')
  const tried = Math.min(40, Math.max(4, Math.floor(count / 500)))
  const head = `POST /v1/messages HTTP/1.1\r\nHost: x\r\nx-api-key: ${key}\r\nContent-Length: 33554432\r\n\r\n`
  const sockets = await openMany(server.url, tried)
  const block = Buffer.alloc(1024 * 1024, 'x')
  await beside(() =>
    Promise.all(
      sockets.map(async (socket) => {
        socket.resume()
        socket.write(head)
        for (let sent = 0; sent < 31 && !socket.destroyed; sent++) await written(socket, block)
      }),
    ),
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

const readersPerKey = 50

/** Once all of them run and nothing moves any more, the neighbour asks. */
async function slowReaders({ server, count, beside }: FloodTerms): Promise<Flooded> {
  const tried = Math.min(500, Math.max(10, Math.floor(count / 40)))
  const sockets: Socket[] = []
  while (sockets.length < tried) {
    const bytes = ask(await server.addKey('wide'), { stream: true })
    const batch = await openMany(server.url, Math.min(readersPerKey, tried - sockets.length))
    for (const socket of batch) {
      socket.pause()
      socket.write(bytes)
    }
    sockets.push(...batch)
  }
  while ((await server.runningCount()) < tried) await passMs(50)
  for (let calm = 0, cpuMs = NaN; calm < 3;) {
    await passMs(200)
    const now = server.use()?.cpuMs ?? 0
    calm = now - cpuMs < 20 ? calm + 1 : 0
    cpuMs = now
  }
  const isCut = await beside(async () => sockets.some((socket) => socket.destroyed))
  for (const socket of sockets) socket.destroy()
  return { what: 'callers of 10 MB streams that read nothing', tried, wrong: isCut ? 1 : 0 }
}

/** Every third connection stays idle, the others begin a request and send on, byte by byte. */
async function slowSenders({ server, count, beside }: FloodTerms): Promise<Flooded> {
  const tried = Math.max(50, Math.floor(count / 4))
  const sockets = await openMany(server.url, tried)
  const slow = sockets.filter((_, index) => index % 3 > 0)
  for (const socket of slow) socket.write('POST /v1/messages HTTP/1.1\r\nHost: x\r\nx-slow: ')
  await beside(async () => {
    for (let bytes = 0; bytes < 20; bytes++) {
      for (const socket of slow) socket.write('x')
      await passMs(50)
    }
  })
  for (const socket of sockets) socket.destroy()
  return { what: 'idle connections and headers that never end', tried, wrong: 0 }
}

const passMs = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))

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
