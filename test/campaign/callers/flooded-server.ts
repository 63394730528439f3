import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCliWorld } from '../../e2e/cli-world.ts'

/** The whole server as a process of its own, with members to flood it, and what it uses while that happens. */
export interface FloodedServer extends AsyncDisposable {
  readonly url: string
  readonly adminUrl: string
  /** A key of a new member on this plan. */
  addKey(plan: 'wide' | 'spent'): Promise<string>
  /** Requests of all members that are running now. */
  runningCount(): Promise<number>
  use(): ProcessUse
}

/** Null where the system does not tell. */
export type ProcessUse = {
  readonly rssMb: number
  readonly cpuMs: number
  /** Files and sockets. */
  readonly openCount: number
} | null

const plans = {
  plans: {
    wide: {
      name: 'Wide',
      price: '0',
      limits: { session: { requests: 1_000_000_000, window: { kind: 'session', hours: 5 } } },
      outputTokensExpected: 100,
      runningMax: 5000,
    },
    spent: {
      name: 'Spent',
      price: '0',
      limits: { session: { requests: 1, window: { kind: 'session', hours: 5 } } },
      outputTokensExpected: 100,
    },
  },
}

export async function openFloodedServer(settings: readonly string[]): Promise<FloodedServer> {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-flood-'))
  const plansFile = join(folder, 'plans.json')
  writeFileSync(plansFile, JSON.stringify(plans))
  const world = await openCliWorld(['--plans-file', plansFile, ...settings])
  const token = readFileSync(join(world.folder, 'operator-token'), 'utf8').trim()
  const { pid } = JSON.parse(readFileSync(join(world.folder, 'server.json'), 'utf8')) as {
    pid: number
  }
  let commands = 0
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${world.adminUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'idempotency-key': `flood-${++commands}`,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`)
    return response.json()
  }
  await call('POST', '/api/customers', { name: 'Acme', customerId: 'acme' })
  let members = 0
  return {
    url: world.gatewayUrl,
    adminUrl: world.adminUrl,
    async addKey(plan) {
      const memberId = `member-${++members}`
      await call('POST', '/api/customers/acme/members', { planId: plan, memberId })
      const made = await call('POST', `/api/customers/acme/members/${memberId}/keys`, {})
      return (made as { readonly keyText: string }).keyText
    },
    async runningCount() {
      let count = 0
      for (let member = 1; member <= members; member++) {
        const path = `/api/customers/acme/members/member-${member}/usage`
        const usage = (await call('GET', path)) as { readonly figures: { runningCount: number } }
        count += usage.figures.runningCount
      }
      return count
    },
    use: () => readUse(pid),
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true })
    },
  }
}

const ticksPerSecond = 100

function readUse(pid: number): ProcessUse {
  const folder = `/proc/${pid}`
  if (!existsSync(`${folder}/stat`)) return null
  const status = readFileSync(`${folder}/status`, 'utf8')
  const rssKb = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1])
  // The name of the program stands in brackets and may hold spaces.
  const fields = readFileSync(`${folder}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  const openCount = readdirSync(`${folder}/fd`).length
  const ticks = Number(fields[11]) + Number(fields[12])
  return { rssMb: Math.round(rssKb / 1024), cpuMs: (ticks * 1000) / ticksPerSecond, openCount }
}
