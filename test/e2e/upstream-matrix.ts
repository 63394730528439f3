import assert from 'node:assert/strict'
import type { Usage } from '../../src/core/usage.ts'
import type { RawReply } from './raw-http.ts'
import type { LogLine, World } from './world.ts'

/** What has to be true after one odd reply of an upstream, besides what every reply has to leave behind. */
export type Row = {
  readonly name: string
  /** What the caller gets: a failure of ours by its code, or the upstream's bytes. */
  readonly gets: { readonly code: string } | { readonly status: number; readonly body: Buffer }
  /** Exact usage, an estimate within bounds, or nothing. */
  readonly charged: 'nothing' | Usage | 'estimate'
  /** As the log line says it; several where the moment decides. */
  readonly outcome: string
  /** How many lines at `warn` or `error` a person may read about it. */
  readonly told?: number
}

/** An answer is at most this dear in these tests: the expected input or the reported, and all of max_tokens. */
const inputMax = 1_000_000
const maxTokens = 1000

/** Asserts what the caller got, what was charged, that the hold ended once, and that nothing is left behind. */
export async function assertRow(
  world: World,
  row: Row,
  { received, line, told, count }: Seen,
): Promise<void> {
  assertReceived(row, received)
  assert.equal(line['outcome'], row.outcome, row.name)
  assert.equal(told.length, row.told ?? 0, `${row.name}: ${JSON.stringify(told)}`)
  const ends = (await world.entries())
    .map((entry) => entry.body)
    .filter((body) => 'holdId' in body && body.kind !== 'held' && body.kind !== 'hold_grown')
  const [end] = ends.slice(-1)
  assert.equal(ends.length, count, `${row.name}: each hold ends once`)
  assert.ok(end, row.name)
  if (row.charged === 'nothing') assert.equal(end.kind, 'voided', row.name)
  else {
    assert.ok(end.kind === 'settled', `${row.name}: ${end.kind}`)
    assert.equal(end.isEstimate, row.charged === 'estimate', row.name)
    if (row.charged === 'estimate') assertBounded(end.usage, row.name)
    else assert.deepEqual(end.usage, row.charged, row.name)
  }
  const figures = await world.figures()
  assert.deepEqual([figures.runningCount, figures.limits[0]?.held], [0, 0n], row.name)
  assert.equal(world.gateway.upstreamHealth().connections.running, 0, row.name)
}

export type Seen = {
  readonly received: RawReply
  readonly line: LogLine
  readonly told: readonly LogLine[]
  /** How many requests there were so far. */
  readonly count: number
}

function assertReceived({ gets, name }: Row, received: RawReply): void {
  if ('code' in gets) {
    const body = JSON.parse(received.body.toString()) as {
      error: { details: { error_code: string } }
    }
    assert.equal(body.error.details.error_code, gets.code, name)
    return
  }
  assert.equal(received.status, gets.status, name)
  assert.ok(received.body.equals(gets.body), `${name}: ${received.body.toString().slice(0, 200)}`)
}

export function assertBounded(usage: Usage, name: string): void {
  for (const [meter, quantity] of Object.entries(usage)) {
    assert.ok(Number.isSafeInteger(quantity) && quantity >= 0, `${name}: ${meter} ${quantity}`)
  }
  assert.ok((usage.input ?? 0) <= inputMax, `${name}: input ${usage.input}`)
  assert.ok((usage.output ?? 0) <= maxTokens, `${name}: output ${usage.output}`)
}

/** The lines that a person may read, of one request after another. */
export function createToldReader(world: World): () => readonly LogLine[] {
  let from = 0
  return () => {
    const told = world.logs.slice(from).filter((line) => line.level !== 'info')
    from = world.logs.length
    return told
  }
}
