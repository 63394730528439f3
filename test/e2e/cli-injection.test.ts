import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCliWorld, runCommand } from './cli-world.ts'
import { putName } from './put-name.ts'

/** Texts that come from elsewhere, as somebody would write them who wants to steer the reader's terminal. */
const hostileName =
  'Ada\u001b]8;;http://x\u0007link\u001b]52;c;cm0=\u0007\u009b2J\r\n\u202eevil\u2066\u0007\u001b[2J\u2028\u0000'
const hostileModel = 'claude-\u202eelbon\u2066-\u2028x'

/** Colours aside, and line breaks. */
const steering = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u

const commands: readonly (readonly string[])[] = [
  ['usage'],
  ['usage', '--watch-not-known'],
  ['history', '--all'],
  ['status'],
  ['customer', 'list'],
  ['customer', 'show', 'demo'],
  ['customer', 'show', hostileName],
  ['member', 'list', '--customer', 'demo'],
  ['member', 'show', hostileName],
  ['key', 'list', '--customer', 'demo'],
  ['plans', 'list'],
  ['plans', 'show', hostileName],
  ['prices'],
  ['verify'],
  ['drift'],
  ['health'],
  ['extra', 'on', '--member', hostileName],
  ['topup', hostileName],
  [hostileName],
]

test('no command lets a name, a model or its own arguments steer the terminal, in words or in JSON', async () => {
  await using world = await openCliWorld(['--unpriced-model', 'ceiling'])
  const reply = await fetch(`${world.gatewayUrl}/v1/messages`, {
    method: 'POST',
    headers: { 'x-api-key': world.demoKey, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: hostileModel,
      max_tokens: 5,
      messages: [{ role: 'user', content: 'Hello' }],
    }),
  })
  await reply.arrayBuffer()
  const decisionId = reply.headers.get('x-plimsoll-decision') ?? 'none'
  const running = await runAll(world.folder, decisionId)
  await world.stop('SIGTERM')
  await putName(world.folder, 'demo', hostileName)
  const stopped = await runAll(world.folder, decisionId)

  const texts = [...running, ...stopped]
  for (const { args, text } of texts) {
    assert.doesNotMatch(text, steering, `${args.join(' ')}: ${JSON.stringify(text)}`)
  }
  // Both did come by, made safe.
  assert.ok(texts.some(({ text }) => text.includes('elbon')))
  assert.ok(texts.some(({ text }) => text.includes('52;c;cm0=')))
})

async function runAll(folder: string, decisionId: string) {
  const ran: { readonly args: readonly string[]; readonly text: string }[] = []
  for (const args of [...commands, ['explain', decisionId]]) {
    for (const flags of [[], ['--json']]) {
      const { out, err } = await runCommand(folder, [...args, ...flags])
      ran.push({ args: [...args, ...flags], text: out + err })
    }
  }
  return ran
}
