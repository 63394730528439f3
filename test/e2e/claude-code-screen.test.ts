import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { nanosPerUnit } from '../../src/core/money.ts'
import { explain } from '../../src/operations/explain.ts'
import { clientScreenLeftOut } from './available.ts'
import type { Client } from './claude-client.ts'
import { openScreen } from './claude-screen.ts'
import { cent, openClientWorld, settledHolds } from './claude-world.ts'
import { sessionPlan } from './world.ts'

/** The pinned client in a terminal, as its user sees it: answered, refused, and answered again. */

const skip = clientScreenLeftOut()
const plan = sessionPlan(cent)

test(
  'D4: in a running client the whole refusal stands on the screen, and the next message is paid after the switch',
  { skip },
  async () => {
    await using world = await openClientWorld({ plan })
    await using screen = await openScreen(world.client)

    await screen.enter('say hi')
    await screen.until('You wrote: "say hi"')
    await world.finished(1)
    await screen.enter('and now')
    const refused = await screen.until('explain dn_')
    await world.turnOnExtraUsage(5n * nanosPerUnit)
    await screen.enter('once more')
    await screen.until('You wrote: "once more"')
    const lines = await world.finished(3)

    assert.match(
      refused,
      /API Error: Request rejected \(429\) · Your session limit is used up: \$0\.\d\d of \$0\.01\./,
    )
    assert.match(refused, /Extra usage did not help: it is turned off\. Balance \$0\.00\./)
    assert.match(refused, /What is left: http:\/\/127\.0\.0\.1:4181\//)
    // As it stands there, broken into lines.
    const decisionId = String(lines[1]?.['decisionId'])
    assert.ok(refused.replaceAll(/\s+/g, '').includes(`explain${decisionId}`), refused)
    const broken = `${decisionId.slice(0, 40)}\n  ${decisionId.slice(40)}`
    const explanation = await explain(world.parts, broken)
    assert.deepEqual([explanation.kind, explanation.isConfirmed], ['deny', true])
    assert.deepEqual(
      lines.map((line) => [line['route'], line['source'] ?? line['reason']]),
      [
        ['messages', 'plan'],
        ['messages', 'limit_reached'],
        ['messages', 'extra_usage'],
      ],
    )
    assert.equal((await settledHolds(world)).length, 2)
  },
)

test(
  'with an OAuth-style key the client shows its own words and the reset, and goes on after the switch',
  { skip },
  async () => {
    await using world = await openClientWorld({ plan, credential: 'CLAUDE_CODE_OAUTH_TOKEN' })
    showLimits(world.client)
    await using screen = await openScreen(world.client)

    await screen.enter('say hi')
    await screen.until('You wrote: "say hi"')
    const status = await screen.until('"five_hour"')
    await world.finished(1)
    await screen.enter('and now')
    const refused = await screen.until('Esc to cancel')
    await world.turnOnExtraUsage(5n * nanosPerUnit)
    await screen.enter('once more')
    await screen.until("You're now using usage credits · Your 5-hour limit resets")
    const lines = await world.finished(3)

    const [session] = (await world.figures()).limits
    assert.ok(status.includes(`"resets_at":${Math.ceil((session?.resetMs ?? 0) / 1000)}}`), status)
    assert.match(refused, /You've hit your 5-hour limit · resets \S+ \(UTC\)/)
    assert.match(refused, /Usage limit reached · limit resets/)
    assert.deepEqual(
      lines.map((line) => line['source'] ?? line['reason']),
      ['plan', 'limit_reached', 'extra_usage'],
    )
  },
)

/** A status line that shows what the client knows of the session's limit. */
function showLimits({ environment }: Client): void {
  const command = `grep -o '"five_hour":{[^}]*}'`
  const path = join(environment['CLAUDE_CONFIG_DIR'] ?? '', 'settings.json')
  writeFileSync(path, JSON.stringify({ statusLine: { type: 'command', command } }))
}
