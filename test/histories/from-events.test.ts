import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HistoryLog, type HistoryEvent } from '../simulation/history-log.ts'
import type { Answer, Call } from './account-history.ts'
import { checkHistory } from './check-history.ts'
import { operationsFrom } from './from-events.ts'
import { historyOf, model, opening } from './sample-account.ts'

type Facts = HistoryEvent['facts']

const read = (
  asked: Facts,
  told: Facts | undefined,
): { call: Call; answer: Answer | undefined } | null => {
  if (asked['operation'] === 'look') {
    const call = { kind: 'overview' as const }
    if (told === undefined) return { call, answer: undefined }
    const overview = model.books(opening(100n).facts).overview(model.terms.nowMs)
    return {
      call,
      answer: { kind: 'overview', ...overview, balanceNanos: BigInt(String(told['balance'])) },
    }
  }
  if (asked['operation'] !== 'top_up') return null
  const amountNanos = BigInt(String(asked['amount']))
  const call = { kind: 'top_up' as const, grant: String(asked['key']), amountNanos }
  const answer = told === undefined ? undefined : { kind: 'done' as const }
  return { call: { ...call, priority: 50, expiresAtMs: null }, answer }
}

/** The clock of this world stands still: only the order of events tells what came before what. */
function worldThat(live: (log: HistoryLog) => void): ReturnType<typeof checkHistory> {
  const events: HistoryEvent[] = []
  live(
    new HistoryLog(
      () => 0,
      (event) => events.push(event),
    ),
  )
  return checkHistory(historyOf(opening(100n).facts, operationsFrom(events, read)))
}

const look = (log: HistoryLog, balance: number): void =>
  log.invoke('reader', { operation: 'look' }).ok({ balance })

test("a simulated world's log is checked in the order of its events, though its clock stands still", () => {
  const good = worldThat((log) => {
    look(log, 100)
    log.invoke('operator', { operation: 'top_up', key: 'a', amount: 50 }).ok({})
    look(log, 150)
  })
  const stale = worldThat((log) => {
    log.invoke('operator', { operation: 'top_up', key: 'a', amount: 50 }).ok({})
    look(log, 100)
  })

  assert.equal(good.kind, 'linearizable')
  assert.equal(stale.kind, 'not_linearizable')
})

test('what failed in it did nothing, and what nobody was told of may come late or never', () => {
  const payment = { operation: 'top_up', key: 'a', amount: 50 }
  const failed = worldThat((log) => {
    log.invoke('operator', payment).fail({ code: 'stopping' })
    look(log, 150)
  })
  const late = worldThat((log) => {
    log.invoke('operator', payment).unknown()
    look(log, 100)
    look(log, 150)
  })
  const undone = worldThat((log) => {
    log.invoke('operator', payment)
    look(log, 150)
    look(log, 100)
  })

  assert.equal(failed.kind, 'not_linearizable')
  assert.equal(late.kind, 'linearizable')
  assert.equal(undone.kind, 'not_linearizable')
})
