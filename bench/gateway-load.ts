import { connect } from 'node:net'

/**
 * Closed-loop load on plain sockets: each connection sends one request, waits for the whole reply, and
 * sends the next. Requests are bytes made beforehand, so the generator costs little beside what it measures.
 */
export type LoadPlan = {
  readonly url: string
  readonly connections: number
  readonly durationMs: number
  readonly isStream: boolean
  /** Keys are handed out to connections in turn. */
  readonly keys: readonly string[]
}

export type LoadResult = {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly requests: number
  /** Replies that were not 200, or connections that broke. */
  readonly failures: number
}

const prompt = 'The quick brown fox jumps over the lazy dog. '.repeat(22)

function requestBytes(plan: LoadPlan, key: string): Buffer {
  const body = JSON.stringify({
    model: 'claude-sonnet-4-5',
    max_tokens: 1024,
    stream: plan.isStream,
    messages: [{ role: 'user', content: prompt }],
  })
  const { host } = new URL(plan.url)
  const lines = [
    'POST /v1/messages?beta=true HTTP/1.1',
    `Host: ${host}`,
    'User-Agent: plimsoll-bench',
    'Content-Type: application/json',
    'anthropic-version: 2023-06-01',
    'anthropic-beta: claude-code-20250219,interleaved-thinking-2025-05-14',
    'Accept-Encoding: gzip, deflate, br',
    `x-api-key: ${key}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`)
}

export async function runLoad(plan: LoadPlan): Promise<LoadResult> {
  const latenciesMs: number[] = []
  const failures = { count: 0 }
  const startMs = performance.now()
  const endMs = startMs + plan.durationMs
  const connections = Array.from({ length: plan.connections }, (_unused, index) => {
    const key = plan.keys[index % plan.keys.length] ?? ''
    return driveConnection(plan, requestBytes(plan, key), { endMs, latenciesMs, failures })
  })
  await Promise.all(connections)
  const seconds = (performance.now() - startMs) / 1000
  latenciesMs.sort((left, right) => left - right)
  return {
    requestsPerSecond: latenciesMs.length / seconds,
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
    requests: latenciesMs.length,
    failures: failures.count,
  }
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

type Tally = {
  readonly endMs: number
  readonly latenciesMs: number[]
  readonly failures: { count: number }
}

function driveConnection(plan: LoadPlan, request: Buffer, tally: Tally): Promise<void> {
  const { hostname, port } = new URL(plan.url)
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    let sentMs = 0
    let received: Buffer = Buffer.alloc(0)
    const send = (): void => {
      sentMs = performance.now()
      received = Buffer.alloc(0)
      socket.write(request)
    }
    socket.on('connect', send)
    socket.on('data', (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
      if (!isWhole(received)) return
      const nowMs = performance.now()
      if (received.toString('latin1', 9, 12) === '200') tally.latenciesMs.push(nowMs - sentMs)
      else tally.failures.count++
      if (nowMs < tally.endMs) send()
      else socket.destroy()
    })
    socket.on('error', () => tally.failures.count++)
    socket.on('close', () => resolve())
  })
}

const lastPiece = Buffer.from('\r\n0\r\n\r\n')
const headEnd = Buffer.from('\r\n\r\n')

function isWhole(bytes: Buffer): boolean {
  if (bytes.subarray(-lastPiece.length).equals(lastPiece)) return true
  const end = bytes.indexOf(headEnd)
  if (end === -1) return false
  const length = /\r\ncontent-length: (\d+)/i.exec(bytes.toString('latin1', 0, end))?.[1]
  return length !== undefined && bytes.length >= end + headEnd.length + Number(length)
}
