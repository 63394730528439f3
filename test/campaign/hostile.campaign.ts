import { openAdminWorld, type AdminWorld } from '../e2e/admin-world.ts'
import {
  answering,
  startScriptedUpstream,
  type ScriptedUpstream,
} from '../e2e/scripted-upstream.ts'
import { askBody } from '../e2e/scripted-world.ts'
import { operatorKey } from '../e2e/world.ts'
import type { Campaign, CampaignOutcome } from './campaign.ts'
import { chanceOf, type Chance } from './callers/chance.ts'
import { bend, bytesOf, type Draft } from './callers/hostile-inputs.ts'
import { sendRaw, statusesIn } from './callers/send-raw.ts'

export const campaign: Campaign = {
  name: 'hostile',
  about:
    'Bent HTTP requests on raw connections against gateway and admin port: no crash, no hang, nothing unmetered to the upstream',
  countDefault: 6000,
  async run({ count, seed, onProgress }) {
    const chance = chanceOf(seed)
    const gateway = newTally()
    const admin = newTally()
    const upstream = await startScriptedUpstream(
      answering('hi', { input_tokens: 10, output_tokens: 5 }),
    )
    const world = await openAdminWorld({ upstream })
    try {
      for (let done = 0; done < count; done += batchSize) {
        await attackGateway({ world, upstream, chance, tally: gateway })
        await attackAdmin({ world, chance, tally: admin })
        onProgress(Math.min(count, done + batchSize))
      }
      return outcomeOf(gateway, admin)
    } finally {
      await world[Symbol.asyncDispose]()
      await upstream.close()
    }
  },
}

const batchSize = 50
/** So many inputs that broke something are shown. */
const shownMax = 3
/** Of each batch, so many go to the admin port. */
const adminShare = 15

type Tally = {
  tried: number
  honest: number
  deniedFalsely: number
  lost: number
  broken: number
  readonly statuses: Map<number, number>
}

const newTally = (): Tally => ({
  tried: 0,
  honest: 0,
  deniedFalsely: 0,
  lost: 0,
  broken: 0,
  statuses: new Map(),
})

async function attackGateway(attack: {
  readonly world: AdminWorld
  readonly upstream: ScriptedUpstream
  readonly chance: Chance
  readonly tally: Tally
}): Promise<void> {
  const { world, upstream, chance, tally } = attack
  const { url, seat, logs } = world.world
  for (let i = 0; i < batchSize - adminShare; i++) {
    const draft = chance.pick(gatewayDrafts)(seat.keyText)
    bend(draft, chance)
    await send(url, draft, tally)
  }
  const honest = await fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: seat.headers,
    body: askBody(),
  })
  await honest.arrayBuffer()
  tally.honest += 1
  if (honest.status !== 200) tally.deniedFalsely += 1
  while ((await world.world.figures()).runningCount > 0) await new Promise(setImmediate)
  tally.lost += await unmeteredCalls(world, upstream)
  tally.broken += logs.filter((line) => line.level === 'error').length
}

/** Whatever reached the upstream was held before, by the very body that it got; or costs nothing. */
async function unmeteredCalls(world: AdminWorld, upstream: ScriptedUpstream): Promise<number> {
  const held = (await world.world.entries()).filter(({ body }) => body.kind === 'held').length
  const metered = upstream.calls.filter(({ path }) => /^\/v1\/messages(\?|$)/.test(path))
  const odd = upstream.calls.filter(
    ({ method, path, headers }) =>
      !knownCall.test(`${method} ${path}`) ||
      countOf(headers, /^(x-api-key|authorization)$/i) !== 1 ||
      !headers.some(([name, value]) => name === 'x-api-key' && value === operatorKey) ||
      countOf(headers, /^(transfer-encoding|upgrade|expect|te|trailer)$/i) > 0 ||
      countOf(headers, /^content-length$/i) > 1,
  )
  return Math.max(0, metered.length - held) + odd.length
}

const countOf = (headers: readonly (readonly [string, string])[], names: RegExp): number =>
  headers.filter(([name]) => names.test(name)).length

const knownCall =
  /^(POST \/v1\/messages(\/count_tokens)?(\?.*)?|GET \/v1\/models(\/[A-Za-z0-9_.:@%~-]+)?(\?.*)?)$/

async function attackAdmin(attack: {
  readonly world: AdminWorld
  readonly chance: Chance
  readonly tally: Tally
}): Promise<void> {
  const { world, chance, tally } = attack
  const { admin } = world
  const { storage } = world.world.parts
  const position = storage.durablePosition
  for (let i = 0; i < adminShare; i++) {
    const draft = chance.pick(adminDrafts)({ keyText: world.world.seat.keyText, url: admin.url })
    bend(draft, chance)
    await send(admin.url, draft, tally)
  }
  // Nobody among them may command anything.
  if (storage.durablePosition !== position) tally.lost += 1
  const honest = await world.call('GET', '/api/status')
  tally.honest += 1
  if (honest.status !== 200) tally.deniedFalsely += 1
}

async function send(url: string, draft: Draft, tally: Tally): Promise<void> {
  const bytes = bytesOf(draft)
  const { text, isHung } = await sendRaw(url, bytes)
  const statuses = statusesIn(text)
  tally.tried += 1
  for (const status of statuses) {
    tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + 1)
  }
  const isFault = statuses.some((status) => status >= 500)
  if (!isHung && !isFault) return
  tally.broken += 1
  const what = isHung ? 'hung' : `answered ${statuses.join(', ')}`
  if (tally.broken <= shownMax)
    console.error(`${what}: ${JSON.stringify(bytes.toString('latin1').slice(0, 800))}`)
}

const gatewayDrafts: readonly ((keyText: string) => Draft)[] = [
  (keyText) => post('/v1/messages', keyText, askBody()),
  (keyText) => post('/v1/messages?beta=true', keyText, askBody({ stream: true })),
  (keyText) => post('/v1/messages', keyText, askBody({ stream: true })),
  (keyText) => post('/v1/messages/count_tokens', keyText, askBody()),
  () => post('/v1/messages', 'plim_wrong', askBody()),
  (keyText) => get('/v1/models', [`x-api-key: ${keyText}`]),
  () => get('/', []),
]

const adminDrafts: readonly ((facts: { keyText: string; url: string }) => Draft)[] = [
  ({ keyText, url }) => get('/api/me/usage', [...member(keyText), hostOf(url)]),
  ({ url }) => get('/', [hostOf(url)]),
  ({ keyText, url }) => get('/api/customers/acme/members', [...member(keyText), hostOf(url)]),
  ({ keyText, url }) => command(url, keyText, '/api/customers/acme/top-ups'),
  ({ url }) => command(url, `plop_${'0'.repeat(64)}`, '/api/customers/acme/extra-usage'),
  ({ url }) => command(url, `plop_${'0'.repeat(64)}`, '/api/plans'),
]

const member = (keyText: string): readonly string[] => [`authorization: Bearer ${keyText}`]
const hostOf = (url: string): string => `Host: ${new URL(url).host}`

function command(url: string, credential: string, path: string): Draft {
  const body = Buffer.from('{"isOn":true,"amount":"5"}')
  return {
    line: `POST ${path} HTTP/1.1`,
    headers: [
      hostOf(url),
      `authorization: Bearer ${credential}`,
      'content-type: application/json',
      'idempotency-key: hostile',
      `Content-Length: ${body.length}`,
    ],
    body,
    trailing: Buffer.alloc(0),
  }
}

const get = (path: string, headers: readonly string[]): Draft => ({
  line: `GET ${path} HTTP/1.1`,
  headers: headers.some((one) => one.startsWith('Host')) ? [...headers] : ['Host: x', ...headers],
  body: Buffer.alloc(0),
  trailing: Buffer.alloc(0),
})

function post(path: string, keyText: string, body: string): Draft {
  return {
    line: `POST ${path} HTTP/1.1`,
    headers: [
      'Host: x',
      `x-api-key: ${keyText}`,
      'content-type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
    ],
    body: Buffer.from(body),
    trailing: Buffer.alloc(0),
  }
}

function outcomeOf(gateway: Tally, admin: Tally): CampaignOutcome {
  const row = (what: string, { tried, lost, deniedFalsely, broken }: Tally) => ({
    what,
    tried,
    lost,
    deniedFalsely,
    broken,
  })
  return {
    rows: [
      row('bent requests to the gateway (lost: unmetered to the upstream)', gateway),
      row('bent requests to the admin port (lost: a change by nobody)', admin),
    ],
    figures: [
      { name: 'answers of the gateway by status', value: told(gateway) },
      { name: 'answers of the admin port by status', value: told(admin) },
      {
        name: 'honest requests in between, all answered',
        value: String(gateway.honest + admin.honest),
      },
    ],
  }
}

const told = ({ statuses }: Tally): string =>
  [...statuses]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `${status}: ${count}`)
    .join(', ')
