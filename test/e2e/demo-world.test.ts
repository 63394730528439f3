import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test, after } from 'node:test'
import { makeBooks, openBooks } from '../../src/books.ts'
import { loadSettings } from '../../src/config/load-settings.ts'
import { parsePlans } from '../../src/config/plans-file.ts'
import type { CustomerId } from '../../src/core/ids.ts'
import { demoWorldMs, makeDemoWorld } from '../../src/demo/world/make-demo-world.ts'
import { ScriptedClock } from '../../src/demo/world/scripted-clock.ts'
import { audit } from '../../src/operations/audit.ts'
import { explain } from '../../src/operations/explain.ts'
import { findAdmitted } from '../../src/operations/find-decisions.ts'
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
  assert.deepEqual(admitted, { requests: [], beforePosition: null })
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
