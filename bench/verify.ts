import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { priceId } from '../src/core/ids.ts'
import { verifyShare } from '../src/books.ts'
import type { GateParts } from '../src/operations/parts.ts'
import type { MemberScope } from '../src/storage/storage.ts'
import { benchFolder } from './bench-folder.ts'
import { onePair, openParts, round, seatAll } from './journal.ts'

/**
 * What does a `verify` cost those who are served meanwhile? Rounds without one, then rounds with one, on the same
 * journal; each of a few callers does one authorize and settle after another. What counts are the ratios.
 */
const callers = 16

type Measured = { readonly pairMs: number[]; readonly pairsPerSecond: number[] }

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { json: { type: 'boolean' }, quick: { type: 'boolean' } },
  })
  const isQuick = values.quick === true
  const pace = { rounds: isQuick ? 2 : 5, durationMs: isQuick ? 500 : 2000 }
  const folder = benchFolder()
  try {
    const parts = await openParts(join(folder, 'data'), { verifyShare })
    const scopes = await seatAll(parts.storage, callers)
    await round(parts, { scopes, price: priceId('bench'), durationMs: pace.durationMs * 2 })
    const alone: Measured = { pairMs: [], pairsPerSecond: [] }
    const beside: Measured = { pairMs: [], pairsPerSecond: [] }
    const serveRounds = async (into: Measured): Promise<void> => {
      for (let count = 0; count < pace.rounds; count += 1) {
        await serve(parts, scopes, { into, durationMs: pace.durationMs })
      }
    }
    await serveRounds(alone)
    const verifying = verifyUntilClosed(parts)
    await serveRounds(beside)
    await parts.storage.close()
    await verifying
    const rows = [rowOf('alone', alone), rowOf('beside a verify', beside)]
    console.log(
      values.json === true
        ? JSON.stringify({ bench: 'verify', pace, rows }, null, 2)
        : toText(rows),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** One verify after another, until the journal is closed under it. */
async function verifyUntilClosed({ storage }: GateParts): Promise<void> {
  // The clock's timers keep no process alive, and at the end there is nothing else.
  const alive = setInterval(() => undefined, 1000)
  try {
    for (;;) await storage.verify({ isHealing: false, actor: 'bench' })
  } catch {
    clearInterval(alive)
  }
}

async function serve(
  parts: GateParts,
  scopes: readonly MemberScope[],
  { into, durationMs }: { readonly into: Measured; readonly durationMs: number },
): Promise<void> {
  const startMs = performance.now()
  let pairs = 0
  await Promise.all(
    scopes.map(async (scope) => {
      for (let beganMs = startMs; beganMs - startMs < durationMs; beganMs = performance.now()) {
        await onePair(parts, scope, priceId('bench'))
        into.pairMs.push(performance.now() - beganMs)
        pairs += 1
      }
    }),
  )
  into.pairsPerSecond.push((pairs * 1000) / (performance.now() - startMs))
}

type Row = {
  readonly how: string
  readonly p50: number
  readonly p99: number
  readonly pairsPerSecond: number
}

function rowOf(how: string, { pairMs, pairsPerSecond }: Measured): Row {
  const at = (values: readonly number[], share: number): number =>
    values.toSorted((left, right) => left - right)[Math.floor(values.length * share)] ?? NaN
  return {
    how,
    p50: at(pairMs, 0.5),
    p99: at(pairMs, 0.99),
    pairsPerSecond: Math.round(at(pairsPerSecond, 0.5)),
  }
}

const toText = (rows: readonly Row[]): string =>
  [
    `Authorize + settle of ${callers} callers, in ms, alone and beside a verify`,
    '',
    'served              p50      p99   pairs/s',
    ...rows.map(({ how, p50, p99, pairsPerSecond }) =>
      [
        how.padEnd(15),
        p50.toFixed(2).padStart(7),
        p99.toFixed(2).padStart(8),
        String(pairsPerSecond).padStart(9),
      ].join(' '),
    ),
  ].join('\n')
