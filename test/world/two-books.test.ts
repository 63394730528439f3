import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextPrompt, yesterdaysWork } from './seat.ts'
import { TwoBooks } from './two-books.ts'

const hourMs = 3_600_000

/** A service whose week began at zero, at a time of day that tests can move. */
function openService(): { service: TwoBooks; pass: (ms: number) => void } {
  let nowMs = 0
  const service = new TwoBooks({ nowMs: () => nowMs, weekStartMs: 0 })
  return { service, pass: (ms) => void (nowMs += ms) }
}

test('without a lost event, the two books and the stored row agree', () => {
  const { service, pass } = openService()

  for (let sent = 0; sent < 8; sent += 1) service.recordUsage(yesterdaysWork)
  pass(20 * hourMs)

  assert.equal(service.isRefused(), false)
  const { weekPercent, sessionPercent } = service.readUsage()
  assert.deepEqual({ weekPercent, sessionPercent }, { weekPercent: 12, sessionPercent: 0 })
})

test('a lost event leaves the row shut while both books stay right', () => {
  const { service } = openService()

  service.renewAndLoseAnEvent()

  assert.equal(service.isRefused(), true)
  assert.equal(service.readUsage().weekPercent, 0)
  assert.equal(service.readUsage().balanceNanos, 100_000_000_000n)
  assert.equal(service.authorization().writtenOn, 'billing.period_closed')
})

test('a renewal whose events all arrive leaves the row open', () => {
  const { service } = openService()
  service.renewAndLoseAnEvent()

  service.renew()

  assert.equal(service.isRefused(), false)
})

test('saving "off" leaves the row shut, and saving "on" writes it anew from both books', () => {
  const { service } = openService()
  service.renewAndLoseAnEvent()

  service.saveExtraUsage(false)
  const isRefusedWhileOff = service.isRefused()
  service.saveExtraUsage(true)

  assert.equal(isRefusedWhileOff, true)
  assert.equal(service.isRefused(), false)
})

test('a full session is paid from the balance, and refused once that is off', () => {
  const { service } = openService()
  for (let sent = 0; sent < 9; sent += 1) service.recordUsage(yesterdaysWork)

  service.recordUsage(nextPrompt)
  const { spentNanos } = service.readUsage()
  service.saveExtraUsage(false)

  assert.equal(spentNanos, 10_000_000n)
  assert.equal(service.isRefused(), true)
})
