import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openCliWorld } from '../e2e/cli-world.ts'
import { openDoctorWorld } from './doctor-world.ts'

/** A Plimsoll server refuses, and the doctor reads its own kind: the words of a denial and the proof over HTTP. */

const bodyOf = (outputTokens: number): string =>
  JSON.stringify({
    model: 'claude-sonnet-4-5',
    max_tokens: 64_000,
    messages: [{ role: 'user', content: `Hello demo-output-tokens: ${outputTokens}` }],
  })

/** As the client writes it down. */
function transcriptOf(status: number, message: string): string {
  const text = `API Error: Request rejected (${status}) · ${message}`
  const record = {
    type: 'assistant',
    timestamp: new Date().toISOString(),
    sessionId: 's-1',
    isApiErrorMessage: true,
    apiErrorStatus: status,
    message: { model: '<synthetic>', content: [{ type: 'text', text }] },
  }
  return `${JSON.stringify(record)}\n`
}

test('the refusal of a real server is known by its words, has a reset, and is proved by the server', async () => {
  await using server = await openCliWorld()
  using world = openDoctorWorld()
  const path = join(world.home, 'refused.jsonl')
  let refused: { status: number; message: string } | undefined
  for (let sent = 0; sent < 10 && refused === undefined; sent += 1) {
    const headers = { 'x-api-key': server.demoKey, 'content-type': 'application/json' }
    const answer = await fetch(`${server.gatewayUrl}/v1/messages`, {
      method: 'POST',
      headers,
      body: bodyOf(8000),
    })
    const body = (await answer.json()) as { error?: { message: string } }
    if (body.error !== undefined) refused = { status: answer.status, message: body.error.message }
  }
  assert.ok(refused !== undefined, 'the demo plan was not used up')
  writeFileSync(path, transcriptOf(refused.status, refused.message))

  const plain = await world.doctor(['doctor', '--json', '--transcript', path])
  const proved = await world.doctor([
    'doctor',
    '--json',
    '--transcript',
    path,
    '--key',
    server.demoKey,
  ])

  type Told = {
    readonly verdict: string
    readonly confidence: string
    readonly decisionId: string
    readonly limit: { readonly window: string; readonly resetsAtMs: number }
    readonly evidence: readonly { readonly side: string; readonly text: string }[]
  }
  const told = JSON.parse(plain.out) as Told
  assert.deepEqual(
    [told.verdict, told.confidence, told.limit.window],
    ['true_limit', 'high', 'session'],
  )
  assert.ok(told.limit.resetsAtMs > Date.now() + 4 * 3_600_000)
  assert.match(told.decisionId, /^dn_/)
  const [, ...beyondMessage] = told.evidence
  assert.ok(!JSON.stringify(beyondMessage).includes(told.decisionId))
  assert.ok(told.evidence.some(({ text }) => text.includes('session limit is used up')))
  const proof = (JSON.parse(proved.out) as Told).evidence.at(-1)
  assert.match(proof?.text ?? '', /it proved the refusal anew: Refused, and rightly so/)
  assert.equal(proof?.side, 'for')
  assert.ok(!proved.out.includes(server.demoKey))
})

test('as a program it works in an empty home, without data folder and server', () => {
  using world = openDoctorWorld()
  const program = join(import.meta.dirname, '..', '..', 'src', 'cli', 'plimsoll.ts')
  const env = { PATH: process.env['PATH'], HOME: world.home, USERPROFILE: world.home }

  const ran = spawnSync(process.execPath, [program, 'doctor'], {
    cwd: world.home,
    env,
    encoding: 'utf8',
    input: '',
  })

  assert.equal(ran.status, 0, ran.stderr)
  assert.equal(ran.stderr, '')
  assert.match(ran.stdout, /No refusal was found/)
})
