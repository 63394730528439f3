import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { before, test, after } from 'node:test'
import { setImmediate as nextImmediate } from 'node:timers/promises'
import { makeBooks, openBooks } from '../../src/books.ts'
import { loadSettings } from '../../src/config/load-settings.ts'
import { parsePlans } from '../../src/config/plans-file.ts'
import type { CustomerId } from '../../src/core/ids.ts'
import { demoWorldMs, makeDemoWorld } from '../../src/demo/world/make-demo-world.ts'
import { startDrip } from '../../src/demo/world/drip.ts'
import { ScriptedClock } from '../../src/demo/world/scripted-clock.ts'
import { audit } from '../../src/operations/audit.ts'
import { explain } from '../../src/operations/explain.ts'
import { findAdmitted } from '../../src/operations/find-decisions.ts'
import { findKey } from '../../src/operations/find-key.ts'
import { getFigures } from '../../src/operations/figures.ts'
import { history } from '../../src/operations/history.ts'
import type { HistoryLine } from '../../src/operations/history-lines.ts'
import { hasDemoWorld, removeDemoWorld } from '../../src/operations/demo-world.ts'
import { listCustomers } from '../../src/operations/list-customers.ts'
import { listKeys } from '../../src/operations/list-keys.ts'
import { MoneyBook } from '../../src/operations/money-book.ts'
import type { GateParts } from '../../src/operations/parts.ts'
import { verify } from '../../src/operations/verify.ts'
import { createPriceBook } from '../../src/providers/prices.ts'
import type { Clock } from '../../src/system/clock.ts'
import { systemRandom } from '../../src/system/random.ts'

/** The demo world of a first start, on a Thursday afternoon; no server, and no time that passes. */

const root = join(import.meta.dirname, '..', '..')
const endMs = Date.UTC(2026, 10, 19, 14, 30)
const folder = mkdtempSync(join(tmpdir(), 'plimsoll-demo-'))
const settings = loadSettings({ flags: ['--data-folder', folder], environment: {}, folder })
const logged: string[] = []
const logger = {
  info: () => undefined,
  warn: (message: string) => void logged.push(message),
  error: (message: string) => void logged.push(message),
}
const plans = parsePlans(readFileSync(join(root, 'src', 'demo', 'demo-plans.json'), 'utf8'))
const prices = createPriceBook({
  digest: (text) => createHash('sha256').update(text).digest('hex'),
  unpriced: 'refuse',
})
const terms = { overrunMaxNanos: settings.overrunMax, runningMax: settings.customerRunningMax }

let parts: GateParts
let close: () => Promise<void>

/** Opens the folder an hour later, as a start after a break would. */
async function open(): Promise<void> {
  const clock = new ScriptedClock(endMs)
  const books = await openBooks(settings, { clock, random: systemRandom, logger }, '0.0.0-test')
  parts = books.parts
  close = () => books.close()
}

before(async () => {
  const clock = new ScriptedClock(endMs - demoWorldMs)
  const system = { clock, random: systemRandom, logger, version: '0.0.0-test' }
  const isMade = await makeBooks(settings, system, (made) =>
    makeDemoWorld(made, {
      clock,
      endMs,
      plans,
      priceOf: (model, atMs) => prices.priceOf({ model }, atMs),
      ...terms,
    }),
  )
  assert.equal(isMade, true)
  await open()
})

after(async () => {
  await close()
  rmSync(folder, { recursive: true })
})

const customersOf = async (): Promise<readonly CustomerId[]> => {
  const { customers } = await listCustomers(parts, { afterPosition: 0, rowsMax: 200 })
  return customers.map(({ customerId }) => customerId)
}

async function monthOf(money: MoneyBook) {
  for (;;) {
    const look = await money.look()
    if (look.kind === 'counted') return look.month
    assert.equal(look.kind, 'counting')
  }
}

async function everyLine(customerId: CustomerId): Promise<readonly HistoryLine[]> {
  const lines: HistoryLine[] = []
  for (let beforePosition: number | null | undefined; beforePosition !== null;) {
    const at = beforePosition === undefined ? {} : { beforePosition }
    const page = await history(parts, { customerId, rowsMax: 500, ...at })
    const sum = page.lines.reduce((nanos, line) => nanos + line.changeNanos, page.openingNanos)
    assert.equal(sum, page.closingNanos, `a page of ${customerId} adds up`)
    lines.unshift(...page.lines)
    beforePosition = page.beforePosition
  }
  return lines
}

test('the demo world is a journal like any other: it verifies, and its clock is in the present', async () => {
  const report = await verify(parts, { isHealing: false, actor: 'test' })

  assert.deepEqual([report.faults, report.drifts, report.openHoldCount], [[], [], 0])
  assert.ok(report.entryCount > 4000, `${report.entryCount} entries`)
  const status = parts.storage.clockStatus()
  assert.deepEqual([status.isJumpHeld, status.isBehind, status.driftMs], [false, false, 0])
  const adopted = await parts.storage.entries({ kind: 'clock_adopted' })
  assert.deepEqual(adopted, [], 'no jump of the clock was needed')
  assert.deepEqual(logged, [])
})

test('the demo world has weeks of history of several customers, and every line of it explains', async () => {
  const customers = await customersOf()
  assert.equal(customers.length, 5)

  for (const customerId of customers) {
    const lines = await everyLine(customerId)
    const [first] = lines
    assert.ok(first !== undefined && endMs - first.atMs > 20 * 86_400_000)
    const requests = lines.filter(({ request }) => request !== null)
    const sample = requests.filter((_line, index) => index % 97 === 0)
    for (const { request } of sample) {
      const explained = await explain(parts, request?.holdId ?? '')
      assert.deepEqual([explained.decision.kind, explained.isConfirmed], ['allow', true])
    }
    assert.ok(requests.length > 10)
  }
})

test('members of the demo world stand near 40, 75, 90 and 100 percent of their limits', async () => {
  const percents: number[] = []
  for (const scope of await parts.storage.members()) {
    const { limits } = await getFigures(parts, scope)
    for (const { used, amount } of limits)
      if (amount !== null) percents.push(Number((used * 100n) / amount))
  }

  for (const [from, to] of [
    [40, 45],
    [75, 78],
    [90, 93],
    [100, 106],
  ] as const) {
    assert.ok(
      percents.some((percent) => percent >= from && percent <= to),
      `nobody between ${from} and ${to} in ${percents.join(' ')}`,
    )
  }
})

test('one customer of the demo world has reached its cap with money left, as two numbers', async () => {
  const { customers } = await listCustomers(parts, { afterPosition: 0, rowsMax: 200 })
  const capped = customers.find(
    ({ capNanos, spentNanos }) => capNanos !== null && spentNanos >= capNanos,
  )

  assert.ok(capped !== undefined && capped.balanceNanos > 0n)
})

test('a data folder that has a journal gets no demo world', async () => {
  const clock = new ScriptedClock(endMs)
  const system = { clock, random: systemRandom, logger, version: '0.0.0-test' }

  const isMade = await makeBooks(settings, system, () => Promise.reject(new Error('not called')))

  assert.equal(isMade, false)
  assert.equal(existsSync(join(folder, 'journal-in-making')), false)
})

/** A clock whose timers run when a test says so, and a gateway that takes note of who asked for what. */
async function dripBed() {
  const timers: { readonly delayMs: number; readonly callback: () => void }[] = []
  let elapsedMs = 0
  const clock: Clock = {
    wallMs: () => endMs + elapsedMs,
    elapsedMs: () => elapsedMs,
    after: (delayMs, callback) => {
      const timer = { delayMs, callback }
      timers.push(timer)
      return () => void timers.splice(timers.indexOf(timer), 1)
    },
  }
  const asked: { readonly key: string; readonly body: string }[] = []
  const gateway = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const key = String(request.headers['x-api-key'])
      asked.push({ key, body: Buffer.concat(pieces).toString() })
      response.end('data: {}\n\n')
    })
  })
  gateway.listen(0, '127.0.0.1')
  await once(gateway, 'listening')
  const { port } = gateway.address() as AddressInfo
  return {
    clock,
    timers,
    asked,
    url: `http://127.0.0.1:${port}`,
    close: () => gateway.close(),
    /** Lets the time of the next timer come, and waits until another one is set. */
    tick: async () => {
      const timer = timers.shift()
      assert.ok(timer !== undefined && timers.length === 0, 'one request at a time')
      elapsedMs += timer.delayMs
      timer.callback()
      while (timers.every(({ delayMs }) => delayMs === 60_000)) await nextImmediate()
      return timer.delayMs
    },
  }
}

test('members of the demo world go on asking now and then, and only while somebody looks', async (t) => {
  const bed = await dripBed()
  t.after(() => bed.close())
  let isWatched = false
  const drip = startDrip({
    parts: { ...parts, clock: bed.clock },
    gatewayUrl: bed.url,
    isWatched: () => isWatched,
    onTrouble: (error) => assert.fail(String(error)),
  })

  const pauses = [await bed.tick(), await bed.tick(), await bed.tick()]
  const early = bed.asked.length
  for (let count = 0; count < 9; count += 1) await bed.tick()
  const alone = bed.asked.length
  await bed.tick()
  isWatched = true
  await bed.tick()
  drip.stop()

  assert.ok(pauses.every((pauseMs) => pauseMs >= 20_000 && pauseMs <= 40_000))
  assert.equal(early, 3)
  assert.ok(alone >= 4 && alone <= 9, `${alone} in the first minutes`)
  assert.equal(bed.asked.length, alone + 1, 'one once somebody looks, none before')
  assert.equal(bed.timers.length, 0, 'nothing waits after the stop')
  for (const { key, body } of bed.asked) {
    const found = await findKey(parts, key)
    assert.ok(found !== undefined && found.customerId !== 'demo')
    assert.match(body, /"content":"demo-output-tokens: \d{3}"/)
  }
})

test('removing the demo world takes it out of every list for good, and leaves a journal that verifies', async () => {
  assert.equal(await hasDemoWorld(parts), true)
  const customers = await customersOf()
  const money = new MoneyBook(parts, 'UTC')
  assert.ok((await monthOf(money)).requests > 1000)

  const first = await removeDemoWorld(parts, { actor: 'operator' })
  const second = await removeDemoWorld(parts, { actor: 'operator' })
  const month = await monthOf(money)
  await close()
  await open()

  assert.deepEqual([month.requests, month.toppedUpNanos], [0, 0n])
  const admitted = await findAdmitted(parts, { rowsMax: 50 })
  assert.deepEqual(admitted, { requests: [], beforePosition: null, damaged: [] })
  const { lines } = await audit(parts, { rowsMax: 500 })
  const told = lines.flatMap((line) => (line.kind === 'entry' ? [line.entry] : []))
  const ofCustomers = told.filter(({ customerId }) => customers.includes(customerId))
  assert.equal(ofCustomers.length, first.keysRevoked + customers.length, 'the removal alone')
  assert.deepEqual(first.removed, customers)
  assert.ok(first.keysRevoked > 15 && first.isComplete)
  assert.deepEqual([second.removed, second.keysRevoked], [[], 0])
  assert.deepEqual(await customersOf(), [])
  assert.equal(await hasDemoWorld(parts), false)
  for (const customerId of customers) {
    const keys = await listKeys(parts, customerId)
    assert.ok(keys.every(({ name, revokedAtMs }) => name === null && revokedAtMs !== null))
  }
  assert.deepEqual(await parts.storage.persons(), [])
  const report = await verify(parts, { isHealing: false, actor: 'test' })
  assert.deepEqual([report.faults, report.drifts], [[], []])
})
