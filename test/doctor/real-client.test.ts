import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeFileSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { doctorExitCodes } from '../../src/cli/doctor/doctor-exit-codes.ts'
import { clientLeftOut, clientScreenLeftOut } from '../e2e/available.ts'
import { openClient, type Client } from '../e2e/claude-client.ts'
import { openScreen } from '../e2e/claude-screen.ts'
import {
  messageEvents,
  piece,
  startScriptedUpstream,
  streamEnd,
  streamHead,
  type Answer,
} from '../e2e/scripted-upstream.ts'
import { openDoctorWorld, type Spoken } from './doctor-world.ts'
import { onScreen, refusalCases, type RefusalCase } from './refusal-cases.ts'

/** The pinned client is refused by a loopback upstream, and the doctor looks at what it left behind. */

const runAtOnce = 4

async function withRefused(
  one: RefusalCase,
  look: (client: Client, doctor: (args: readonly string[]) => Promise<Spoken>) => Promise<void>,
): Promise<void> {
  const upstream = await startScriptedUpstream(one.answer)
  try {
    const { credential } = one
    await using client = await openClient({ url: upstream.url, keyText: 'dummy', credential })
    using world = openDoctorWorld()
    const config = client.environment['CLAUDE_CONFIG_DIR'] ?? ''
    await look(client, (args) => world.doctor(args, { config, folder: client.workFolder }))
  } finally {
    await upstream.close()
  }
}

type Told = {
  readonly verdict: string
  readonly refusal: { readonly clientVersion?: string; readonly requestId?: string }
  readonly rescue: { readonly lastPrompt: string | null }
}

function assertJudged(one: RefusalCase, { code, out, err }: Spoken): void {
  assert.equal(err, '')
  const told = JSON.parse(out) as Told
  assert.equal(told.verdict, one.ruling, `${one.name}: ${out}`)
  assert.equal(code, doctorExitCodes[one.ruling])
  assert.equal(told.rescue.lastPrompt, 'say hi')
  assert.equal(told.refusal.clientVersion, '2.1.330')
  if (one.name !== 'dropped') assert.equal(told.refusal.requestId, 'req_scripted')
}

test(
  'every way in which the real client is refused is judged right, in print mode',
  { skip: clientLeftOut() },
  async () => {
    const waiting = [...refusalCases]
    const runner = async (): Promise<void> => {
      for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
        const { name, args = [], environment = {} } = one
        const current = one
        await withRefused(current, async (client, doctor) => {
          const end = await client.run(['-p', 'say hi', ...args], environment)
          assert.notEqual(end.exitCode, 0, `${name}: ${end.out}`)
          assertJudged(current, await doctor(['doctor', '--json', '--no-checkpoint']))
        })
      }
    }
    await Promise.all(Array.from({ length: runAtOnce }, runner))
  },
)

test('refusals in a real terminal are judged right', { skip: clientScreenLeftOut() }, async () => {
  for (const one of refusalCases) {
    const words = onScreen[one.name]
    if (words === undefined) continue
    await withRefused(one, async (client, doctor) => {
      {
        await using screen = await openScreen(client)
        await screen.enter('say hi')
        await screen.until(words)
      }
      assertJudged(one, await doctor(['doctor', '--json', '--no-checkpoint']))
    })
  }
})

/** So much that the client notes the prompt of its turn, as it does each time that a transcript has grown. */
const long = 'A line of an answer.\n\n'.repeat(4_000)
const answered: Answer = (call) => {
  const events = messageEvents([long, 'Good day to you.'], { input_tokens: 5, output_tokens: 5 })
  call.send(streamHead + piece(events.join('')).toString('latin1') + streamEnd)
}

const looksMax = 100

test(
  'in a real terminal the prompt that was refused after an answered one is the last, while the client runs and after',
  { skip: clientScreenLeftOut() },
  async () => {
    const one = refusalCases.find(({ name }) => name === 'session-limit')
    assert.ok(one !== undefined)
    const upstream = await startScriptedUpstream(answered)
    try {
      const { credential } = one
      await using client = await openClient({ url: upstream.url, keyText: 'dummy', credential })
      using world = openDoctorWorld()
      const config = client.environment['CLAUDE_CONFIG_DIR'] ?? ''
      const look = async (): Promise<string | null> => {
        const folder = client.workFolder
        const { out } = await world.doctor(['doctor', '--json', '--no-checkpoint'], {
          config,
          folder,
        })
        return (JSON.parse(out) as Told).rescue.lastPrompt
      }
      let running: string | null = null
      {
        await using screen = await openScreen(client)
        await screen.enter('hello there')
        await screen.until('Good day to you.')
        upstream.answer = one.answer
        await screen.enter('now be refused')
        await screen.until(onScreen[one.name] ?? '')
        // The client writes its transcript beside the screen, a moment later.
        for (let looks = 0; looks < looksMax && running !== 'now be refused'; looks += 1) {
          running = await look()
        }
      }

      assert.deepEqual([running, await look()], ['now be refused', 'now be refused'])
    } finally {
      await upstream.close()
    }
  },
)

test(
  'after the real client was refused, the work of its session comes back from the checkpoint',
  { skip: clientLeftOut() },
  async () => {
    const one = refusalCases[0]
    assert.ok(one !== undefined)
    await withRefused(one, async (client, doctor) => {
      writeFileSync(join(client.workFolder, 'draft.txt'), 'two hours of work\n')
      await client.run(['-p', 'say hi'])

      const spoken = await doctor(['doctor'])
      rmSync(join(client.workFolder, 'draft.txt'))
      const restore = /npm run plimsoll -- (checkpoint restore \S+) --to (\S+) (--folder \S+)/.exec(
        spoken.out,
      )
      assert.ok(restore !== null, spoken.out)
      const [, command = '', to = '', folder = ''] = restore
      const restored = await doctor([...command.split(' '), '--to', to, ...folder.split(' ')])

      assert.equal(restored.code, 0, restored.err)
      assert.equal(readFileSync(join(to, 'draft.txt'), 'utf8'), 'two hours of work\n')
    })
  },
)
