import { join } from 'node:path'
import { request as httpRequest } from 'node:http'
import { startAdminServer, type AdminServer } from '../../src/admin/admin-server.ts'
import type { AdminApiParts } from '../../src/admin/admin-api.ts'
import { createDesk } from '../../src/admin/desk/desk-parts.ts'
import { sha256Hex } from '../../src/admin/callers/operator-token.ts'
import { openSignIn } from '../../src/admin/sign-in/sign-in.ts'
import { loadSettingsWithOrigins } from '../../src/config/load-settings.ts'
import { settingsInForce } from '../../src/config/settings-table.ts'
import { parsePlans } from '../../src/config/plans-file.ts'
import { nanosPerUnit } from '../../src/core/money.ts'
import type { GateParts } from '../../src/operations/parts.ts'
import { HeavyReads } from '../../src/admin/http/heavy-reads.ts'
import { UsageReadings } from '../../src/operations/usage-readings.ts'
import { answering, startScriptedUpstream } from './scripted-upstream.ts'
import { openWorld, type Seat, type World, type WorldOptions } from './world.ts'

/** The gateway's world with the real admin server beside it, on the same storage. */
export interface AdminWorld extends AsyncDisposable {
  readonly world: World
  readonly admin: AdminServer
  readonly token: string
  /** What the admin server is made of, to look at its routes. */
  readonly apiParts: AdminApiParts
  /** Calls the admin API as the operator, or as whoever `token` names; null sends no credential. */
  call(method: string, path: string, options?: CallOptions): Promise<Answered>
  /** Sends one message through the gateway and resolves when it is settled. */
  ask(seat?: Seat): Promise<Response>
}

export type CallOptions = {
  readonly token?: string | null
  readonly body?: unknown
  /** The body as it is sent, where it is not JSON of a value. */
  readonly text?: string
  readonly key?: string | null
  readonly headers?: Readonly<Record<string, string>>
}

export type Answered = {
  readonly status: number
  readonly headers: Headers
  // oxlint-disable-next-line typescript/no-explicit-any -- answers have every shape; assertions check them
  readonly json: any
  readonly text: string
}

const silent = { info: () => {}, warn: () => {}, error: () => {} }
const secret = 'e'.repeat(64)
const token = `plop_${'0123456789abcdef'.repeat(4)}`
let keyCount = 0

export async function openAdminWorld(
  options: Partial<WorldOptions> & {
    readonly mounts?: Parameters<typeof startAdminServer>[1]['mounts']
    readonly publicPageUrl?: string
    readonly ownerSeatsMax?: number
  } = {},
): Promise<AdminWorld> {
  const upstream = await startScriptedUpstream(
    answering('Hello.', { input_tokens: 1000, output_tokens: 100 }),
  )
  const {
    mounts = [],
    publicPageUrl = 'http://plimsoll.example',
    ownerSeatsMax = 1000,
    ...worldOptions
  } = options
  const world = await openWorld({ upstream: { url: upstream.url }, ...worldOptions })
  const { settings, origins } = loadSettingsWithOrigins({
    flags: ['--waiters-max', '3'],
    environment: { PLIMSOLL_UPSTREAM_KEY: 'sk-not-to-be-seen' },
    folder: '/nowhere',
  })
  const desk = createDesk(world.parts, {
    telemetry: world.telemetry,
    settings: settingsInForce(settings, origins),
    zone: 'UTC',
    health: () => Promise.resolve([]),
    pasted: (command) => command,
  })
  const apiParts = { ...partsOf(world.parts, world.url), ownerSeatsMax, desk }
  const admin = await startAdminServer(apiParts, {
    host: '127.0.0.1',
    port: 0,
    publicPageUrl,
    sessionIdleMs: 12 * 3_600_000,
    sessionSecret: secret,
    mounts,
  })
  let asked = 0
  return {
    world,
    admin,
    token,
    apiParts,
    call: (method, path, callOptions = {}) => call(admin.url + path, method, callOptions),
    ask: async (seat = world.seat) => {
      const response = await fetch(`${world.url}/v1/messages`, {
        method: 'POST',
        headers: seat.headers,
        body: JSON.stringify({
          model: 'claude-sonnet-4-5',
          max_tokens: 500,
          messages: [{ role: 'user', content: 'Hello' }],
        }),
      })
      await response.arrayBuffer()
      asked += 1
      await world.finished(asked)
      return response
    },
    async [Symbol.asyncDispose]() {
      await admin.close()
      await world[Symbol.asyncDispose]()
      await upstream.close()
    },
  }
}

function partsOf(parts: GateParts, gatewayUrl: string): Omit<AdminApiParts, 'ownerSeatsMax'> {
  return {
    ...parts,
    logger: silent,
    heavyReads: new HeavyReads(parts),
    operatorTokenSha256: sha256Hex(token),
    signIn: openSignIn({
      ...parts,
      logger: silent,
      secret,
      publicPageUrl: null,
      sessionIdleMs: 1000,
    }),
    about: {
      version: '0.0.0-test',
      dataFolder: 'nowhere',
      gatewayUrl,
      upstream: 'a scripted upstream',
      currencySymbol: '$',
      plansFile: null,
    },
    newCustomer: { overrunMaxNanos: 10n * nanosPerUnit, runningMax: 100, isStrict: false },
    parsePlans,
    consoleFolder: join(import.meta.dirname, '..', '..', 'console', 'built'),
    // These are the server's own; they are here for whoever looks at the routes only.
    usageReadings: new UsageReadings(parts),
    events: {
      open: () => new Response(),
      openForAll: () => new Response(),
      openCount: 0,
      recheck: () => {},
      close: () => {},
    },
    isOwnHost: () => true,
    adminUrl: '',
  }
}

async function call(url: string, method: string, options: CallOptions): Promise<Answered> {
  const { body, text, key, headers } = options
  const credential = options.token === undefined ? token : options.token
  const isCommand = method === 'POST'
  const response = await fetch(url, {
    method,
    headers: {
      ...(credential === null ? {} : { authorization: `Bearer ${credential}` }),
      ...(isCommand ? { 'content-type': 'application/json' } : {}),
      ...(isCommand && key !== null ? { 'idempotency-key': key ?? `t-${++keyCount}` } : {}),
      ...headers,
    },
    ...(isCommand ? { body: text ?? JSON.stringify(body ?? {}) } : {}),
  })
  const answer = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
  return {
    status: response.status,
    headers: response.headers,
    json: isJson ? JSON.parse(answer) : undefined,
    text: answer,
  }
}

/** A request with a Host header of its own, which `fetch` does not let anybody choose. */
export function callWithHost(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
      )
    })
    request.once('error', reject)
    request.end()
  })
}
