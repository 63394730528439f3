import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { operationId } from '../../src/core/ids.ts'
import { nanosPerUnit } from '../../src/core/money.ts'
import { explain } from '../../src/operations/explain.ts'
import { setExtraUsage } from '../../src/operations/set-extra-usage.ts'
import { setSpendCap } from '../../src/operations/set-spend-cap.ts'
import { readableMoney } from '../../src/providers/readable-figures.ts'
import { clientLeftOut } from './available.ts'
import { privacyVariables, type ClientEnd } from './claude-client.ts'
import {
  assertAnswered,
  cent,
  eventsOf,
  openClientWorld,
  openScriptedClientWorld,
  openSpentClientWorld,
  settledHolds,
  type ClientWorld,
} from './claude-world.ts'
import { answering, headerOf } from './scripted-upstream.ts'
import { sessionPlan } from './world.ts'

/** The pinned Claude Code client (`clientVersion`) with an API key or an auth token, from end to end. */

const skip = clientLeftOut()

test('the docs and the first screen name each variable that keeps the client to the gateway', () => {
  const root = join(import.meta.dirname, '..', '..')
  for (const path of ['docs/gateway.md', 'src/demo/welcome.ts']) {
    const text = readFileSync(join(root, path), 'utf8')
    for (const name of privacyVariables) assert.ok(text.includes(`${name}=1`), `${path}: ${name}`)
  }
})

const spent = { plan: sessionPlan(cent) }

async function switchExtraUsage(world: ClientWorld, isOn: boolean, id: string): Promise<void> {
  const { customerId } = world.seat
  const command = { operationId: operationId(id), actor: 'test', customerId, memberId: null, isOn }
  await setExtraUsage(world.parts, command)
}

test(
  'a prompt is one request, answered and settled by what the upstream reported',
  { skip },
  async () => {
    await using world = await openClientWorld()

    const end = await world.client.run(['-p', 'say hi', '--output-format', 'json'])
    const [line] = await world.finished(1)

    const [result] = eventsOf(end) as readonly [Result]
    const [settled] = await settledHolds(world)
    assertAnswered({ ...end, out: result.result }, 'say hi')
    assert.equal(world.asked().length, 1)
    assert.equal(line?.['sessionId'], result.session_id)
    assert.ok(settled !== undefined && !settled.isEstimate)
    const { cache_creation: written } = result.usage
    assert.deepEqual(settled.usage, {
      input: result.usage.input_tokens,
      output: result.usage.output_tokens,
      ...meterOf('cache_read', result.usage.cache_read_input_tokens),
      ...meterOf('cache_write_5m', written.ephemeral_5m_input_tokens),
      ...meterOf('cache_write_1h', written.ephemeral_1h_input_tokens),
    })
    // The client has a price list of its own, and comes to the same cost.
    assert.equal(Math.round(result.total_cost_usd * 1e9), Number(settled.costNanos))
    assert.equal((await world.figures()).limits[0]?.used, settled.costNanos)
  },
)

type Result = ReturnType<typeof eventsOf>[number] & {
  readonly result: string
  readonly session_id: string
  readonly total_cost_usd: number
  readonly usage: {
    readonly input_tokens: number
    readonly output_tokens: number
    readonly cache_read_input_tokens: number
    readonly cache_creation: {
      readonly ephemeral_5m_input_tokens: number
      readonly ephemeral_1h_input_tokens: number
    }
  }
}

const meterOf = (meter: string, count: number): object => (count === 0 ? {} : { [meter]: count })

test(
  "the client's own session id reaches the log and the upstream, and its key does not",
  { skip },
  async () => {
    const hello = answering('hello', { input_tokens: 10, output_tokens: 5 })
    await using world = await openScriptedClientWorld(hello, { credential: 'ANTHROPIC_AUTH_TOKEN' })

    const end = await world.client.run(['-p', 'say hi'])
    const [line] = await world.finished(1)

    assert.deepEqual(end, { exitCode: 0, out: 'hello\n', error: '' })
    const [call] = world.upstream.calls
    assert.ok(call)
    assert.equal(world.upstream.calls.length, 1)
    assert.ok(headerOf(call.headers, 'x-claude-code-session-id'))
    assert.equal(headerOf(call.headers, 'x-claude-code-session-id'), line?.['sessionId'])
    assert.equal(headerOf(call.headers, 'authorization'), undefined)
    assert.doesNotMatch(JSON.stringify(call.headers) + call.body.toString(), /plim_/)
  },
)

test('a tool that the client runs is two requests, each held and settled', { skip }, async () => {
  await using world = await openClientWorld()
  writeFileSync(join(world.client.workFolder, 'README.md'), 'The mark stands at seven feet.\n')

  const read = await world.client.run(['-p', 'use the Read tool', '--allowedTools', 'Read'])
  const ran = await world.client.run(['-p', 'use the Bash tool', '--allowedTools', 'Bash'])
  const lines = await world.finished(4)

  assert.deepEqual([read.exitCode, ran.exitCode], [0, 0], read.out + ran.out)
  assert.match(read.out, /The tool answered: .*The mark stands at seven feet\./)
  assert.match(ran.out, /The tool answered: hello from the demo upstream/)
  assert.equal(world.asked().length, 4)
  assert.equal(new Set(lines.map((line) => line['sessionId'])).size, 2)
  const settled = await settledHolds(world)
  const costNanos = settled.reduce((sum, one) => sum + one.costNanos, 0n)
  assert.equal(settled.length, 4)
  assert.equal((await world.figures()).limits[0]?.used, costNanos)
})

test(
  'D15: a refusal is one request, and the client prints all of it, with a decision id that explains itself',
  { skip },
  async () => {
    for (const credential of ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN'] as const) {
      await using world = await openSpentClientWorld({ ...spent, credential })
      await setSpendCap(world.parts, {
        operationId: operationId('cap'),
        actor: 'test',
        customerId: world.seat.customerId,
        memberId: null,
        cap: { kind: 'capped', amountNanos: 20n * nanosPerUnit },
      })

      const refused = await world.client.run(['-p', 'say hi'])
      await world.finished(2)

      assert.equal(world.asked().length, 2, 'one request was answered before, one refused')
      await assertRefusedWhole(world, refused)
      assert.equal((await settledHolds(world)).length, 1)
    }
  },
)

async function assertRefusedWhole(world: ClientWorld, refused: ClientEnd): Promise<void> {
  const [session] = (await world.figures()).limits
  assert.ok(session)
  const [first = '', extra, ways, proof = '', ...more] = refused.out.trimEnd().split('\n')
  const decisionId = /explain (\S+)$/.exec(proof)?.[1] ?? ''
  const spentText = `${readableMoney(session.used)} of ${readableMoney(session.amount ?? 0n)}`
  assert.deepEqual([refused.exitCode, refused.error, more], [1, '', []], refused.out)
  assert.ok(
    first.startsWith(
      `API Error: Request rejected (429) · Your session limit is used up: ${spentText}. It resets `,
    ),
    first,
  )
  assert.match(first, /It resets (at|on \w{3},? \d+ \w{3} at) \d\d:\d\d \(UTC\), in 5 h\.$/)
  assert.equal(
    extra,
    'Extra usage did not help: it is turned off. Balance $0.00. Spent this month $0.00 of a $20.00 cap.',
  )
  assert.match(
    ways ?? '',
    /^To go on: turn on extra usage .* and add to the balance .*; or wait until .* What is left: http:\/\/127\.0\.0\.1:4181\/$/,
  )
  assert.equal(proof, `Decision and proof: npm run plimsoll -- explain ${decisionId}`)
  const explanation = await explain(world.parts, decisionId)
  assert.deepEqual(
    [explanation.kind, explanation.answeredReason, explanation.answeredExtraUsageReason],
    ['deny', 'limit_reached', 'off_for_customer'],
  )
  assert.ok(explanation.isConfirmed)
}

test(
  'D4: after a top-up and the switch the very next run goes on where it was refused, paid from the balance',
  { skip },
  async () => {
    await using world = await openSpentClientWorld(spent)
    const refused = await world.client.run(['-p', 'tell me more'])
    await world.turnOnExtraUsage(5n * nanosPerUnit)

    const paid = await world.client.run(['-p', '--continue', 'keep going'])
    const lines = await world.finished(3)

    assert.equal(refused.exitCode, 1)
    assertAnswered(paid, 'keep going')
    assert.deepEqual(
      lines.map((line) => line['source']),
      ['plan', undefined, 'extra_usage'],
    )
    const settled = (await settledHolds(world)).at(-1)
    const { extraUsage } = await world.figures()
    assert.ok(settled !== undefined && settled.costNanos > 0n)
    assert.equal(settled.chargedNanos, settled.costNanos)
    assert.equal(extraUsage.balanceNanos, 5n * nanosPerUnit - settled.costNanos)
    assert.equal(extraUsage.spentNanos, settled.costNanos)
  },
)

test(
  'O3: switched off again, the next run is refused and no money moves; switched on, it is paid',
  { skip },
  async () => {
    await using world = await openSpentClientWorld(spent)
    await world.turnOnExtraUsage(5n * nanosPerUnit)
    const paid = await world.client.run(['-p', 'say hi'])
    await world.finished(2)
    const { balanceNanos } = (await world.figures()).extraUsage

    await switchExtraUsage(world, false, 'off')
    const refused = await world.client.run(['-p', 'say hi'])
    await world.finished(3)
    const afterwards = (await world.figures()).extraUsage
    await switchExtraUsage(world, true, 'on')
    const again = await world.client.run(['-p', 'say hi'])
    await world.finished(4)

    assertAnswered(paid, 'say hi')
    assert.equal(refused.exitCode, 1)
    assert.match(refused.out, /Extra usage did not help: it is turned off\. Balance \$4\.9\d\./)
    assert.match(refused.out, /To go on: turn on extra usage \([^)]*\); or wait/)
    assert.deepEqual([afterwards.balanceNanos, afterwards.heldNanos], [balanceNanos, 0n])
    assertAnswered(again, 'say hi')
    assert.equal(world.asked().length, 4)
    assert.ok((await world.figures()).extraUsage.balanceNanos < balanceNanos)
  },
)

test(
  'the prompt of a refused run is kept by the client, for a run that continues it',
  { skip },
  async () => {
    await using world = await openSpentClientWorld(spent)

    const refused = await world.client.run(['-p', 'paint the hull red', '--output-format', 'json'])

    const [result] = eventsOf(refused) as readonly [Result]
    const projects = join(world.client.environment['CLAUDE_CONFIG_DIR'] ?? '', 'projects')
    const project = world.client.workFolder.replaceAll(/[^A-Za-z0-9]/g, '-')
    const transcript = readFileSync(join(projects, project, `${result.session_id}.jsonl`), 'utf8')
    assert.match(transcript, /paint the hull red/)
    assert.match(transcript, /Your session limit is used up/)
  },
)
