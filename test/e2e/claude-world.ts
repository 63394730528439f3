import assert from 'node:assert/strict'
import type { Entry } from '../../src/core/entry.ts'
import { nanosPerUnit, type Nanos } from '../../src/core/money.ts'
import type { Plan } from '../../src/core/plan.ts'
import { startDemoUpstream } from '../../src/demo/demo-upstream.ts'
import { systemRandom } from '../../src/system/random.ts'
import { createSystemClock } from '../../src/system/system-clock.ts'
import { openClient, type Client, type ClientEnd, type Credential } from './claude-client.ts'
import { askBody } from './scripted-world.ts'
import { startScriptedUpstream, type Answer, type ScriptedUpstream } from './scripted-upstream.ts'
import { openWorld, type LogLine, type World, type WorldOptions } from './world.ts'

/** The real client at the real gateway, before the demo upstream or one that the test scripts. */
export interface ClientWorld extends World {
  readonly client: Client
  /** The requests for an answer that reached the gateway so far. */
  asked(): readonly LogLine[]
}

export type ClientWorldOptions = Omit<WorldOptions, 'upstream'> & {
  readonly credential?: Credential
}

export async function openClientWorld(options: ClientWorldOptions = {}): Promise<ClientWorld> {
  return openWith(
    options,
    await startDemoUpstream({ clock: createSystemClock(), random: systemRandom }),
  )
}

export async function openScriptedClientWorld(
  answer: Answer,
  options: ClientWorldOptions = {},
): Promise<ClientWorld & { readonly upstream: ScriptedUpstream }> {
  const upstream = await startScriptedUpstream(answer)
  return { ...(await openWith(options, upstream)), upstream }
}

async function openWith(
  { credential, ...options }: ClientWorldOptions,
  upstream: { readonly url: string; close(): Promise<void> },
): Promise<ClientWorld> {
  const world = await openWorld({ ...options, upstream })
  const client = await openClient({
    url: world.url,
    keyText: world.seat.keyText,
    ...(credential === undefined ? {} : { credential }),
  })
  return {
    ...world,
    client,
    asked: () => world.logs.filter((line) => line['route'] === 'messages'),
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]()
      await world[Symbol.asyncDispose]()
      await upstream.close()
    },
  }
}

export const cent: Nanos = nanosPerUnit / 100n

/** Limits of a cent are used up by one long answer to another program of the same member. */
export async function openSpentClientWorld(
  options: ClientWorldOptions & { readonly plan: Plan },
): Promise<ClientWorld> {
  const world = await openClientWorld(options)
  const answered = await fetch(`${world.url}/v1/messages`, {
    method: 'POST',
    headers: world.seat.headers,
    body: askBody({
      model: 'claude-sonnet-5-5',
      max_tokens: 8000,
      messages: [{ role: 'user', content: 'demo-output-tokens: 8000' }],
    }),
  })
  assert.equal(answered.status, 200, await answered.text())
  await world.finished(1)
  return world
}

export function assertAnswered({ exitCode, out, error }: ClientEnd, prompt: string): void {
  assert.equal(exitCode, 0, out + error)
  assert.ok(out.includes(`You wrote: "${prompt}"`), out)
}

type Settled = Extract<Entry['body'], { kind: 'settled' }>

/** Every hold of the member's journal, each with the one entry that ended it. */
export async function settledHolds(world: World): Promise<readonly Settled[]> {
  const bodies = (await world.entries()).map((entry) => entry.body)
  const held = bodies.flatMap((body) => (body.kind === 'held' ? [body.holdId] : []))
  const ends = bodies.flatMap((body) => (body.kind === 'settled' ? [body] : []))
  assert.deepEqual(
    ends.map((end) => end.holdId),
    held,
    'each hold ends once, settled',
  )
  return ends
}

type ClientEvent = { readonly type: string; readonly [field: string]: unknown }

/** The lines of `--output-format stream-json`, or the one of `json`. */
export function eventsOf({ out }: ClientEnd): readonly ClientEvent[] {
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ClientEvent)
}
