import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClockHistory, emptyTally } from './clock-history.ts'
import { diceOf } from './dice.ts'

// More of them: npm run campaign -- clocks --count 500 --seed 7
test('W3: through jumps, sleep, restarts and corrections no window is skipped, doubled, opened twice or reset twice', async () => {
  const tally = emptyTally()

  for (let index = 0; index < 10; index += 1) {
    await new ClockHistory(diceOf(77_000_003 + index), tally).run(50)
  }

  const { deniedFalsely, lost, broken } = tally
  assert.deepEqual({ deniedFalsely, lost, broken }, { deniedFalsely: 0, lost: [], broken: [] })
  const { corrections, restarts, denials } = tally
  assert.ok(Math.min(corrections, restarts, denials) >= 10, JSON.stringify(tally))
})
