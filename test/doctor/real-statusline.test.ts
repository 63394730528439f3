import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { clientScreenLeftOut } from '../e2e/available.ts'
import { openClient } from '../e2e/claude-client.ts'
import { openScreen } from '../e2e/claude-screen.ts'
import {
  jsonReply,
  messageEvents,
  reply,
  startScriptedUpstream,
  type Answer,
} from '../e2e/scripted-upstream.ts'
import { openDoctorWorld } from './doctor-world.ts'

/** The pinned client in a terminal with the status line as it is documented, answered first and then refused. */

const hourSeconds = 3600

function answered(): Answer {
  const reset = Math.floor(Date.now() / 1000) + 3 * hourSeconds
  const window = (name: string, used: number): readonly string[] => [
    `anthropic-ratelimit-unified-${name}-utilization: ${used}`,
    `anthropic-ratelimit-unified-${name}-reset: ${reset}`,
    `anthropic-ratelimit-unified-${name}-status: allowed`,
  ]
  const headers = [
    'content-type: text/event-stream; charset=utf-8',
    'request-id: req_answered',
    'anthropic-ratelimit-unified-status: allowed',
    `anthropic-ratelimit-unified-reset: ${reset}`,
    'anthropic-ratelimit-unified-representative-claim: five_hour',
    ...window('5h', 0.03),
    ...window('7d', 0.12),
  ]
  const events = messageEvents(['Hello there.'], { input_tokens: 10, output_tokens: 3 })
  return (call) => void call.send(reply(200, events.join(''), headers))
}

const refused: Answer = (call) => {
  const message = "You're out of extra usage. Add more at claude.ai/settings/usage and keep going."
  const body = { type: 'error', error: { type: 'invalid_request_error', message } }
  call.send(jsonReply(400, body, ['request-id: req_scripted']))
}

test(
  'the real client hands its figures to the status line, and the doctor judges its refusal with them',
  { skip: clientScreenLeftOut() },
  async () => {
    const upstream = await startScriptedUpstream(answered())
    try {
      await using client = await openClient({
        url: upstream.url,
        keyText: 'dummy',
        credential: 'CLAUDE_CODE_OAUTH_TOKEN',
      })
      using world = openDoctorWorld()
      const config = client.environment['CLAUDE_CONFIG_DIR'] ?? ''
      const doctor = (args: readonly string[]) =>
        world.doctor([...args, '--json'], { config, folder: client.workFolder })
      const setup = JSON.parse((await doctor(['statusline'])).out) as { readonly settings: object }
      writeFileSync(join(config, 'settings.json'), JSON.stringify(setup.settings))
      const environment = { ...client.environment, XDG_STATE_HOME: join(world.home, 'state') }
      {
        await using screen = await openScreen({ ...client, environment })
        await screen.enter('say hi')
        await screen.until('Hello there.')
        await screen.until('5h 3%')
        upstream.answer = refused
        await screen.enter('and now')
        await screen.until('out of extra usage')
      }

      const { code, out } = await doctor(['doctor', '--no-checkpoint'])

      const told = JSON.parse(out) as {
        readonly verdict: string
        readonly figures: readonly {
          readonly name: string
          readonly usedPercent: number
          readonly source: object
        }[]
      }
      const source = { kind: 'official', what: 'status line of this session' }
      assert.deepEqual(
        told.figures.map((figure) => [figure.name, figure.usedPercent, figure.source]),
        [
          ['session', 3, source],
          ['week', 12, source],
        ],
      )
      assert.deepEqual([told.verdict, code], ['false_refusal', 20], out)
    } finally {
      await upstream.close()
    }
  },
)
