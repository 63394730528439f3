import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openCliWorld, type CliWorld } from './cli-world.ts'

/** Accounts and sessions of a real server that ends, starts again, and is set back to a backup. */

const olga = 'olga@example.com'
const first = 'kettle willow orbit 7'
const second = 'another willow orbit 8'

type Answer = { readonly status: number; readonly cookie: string }

const post = async (url: string, path: string, body: object): Promise<Answer> => {
  const response = await fetch(`${url}/api/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url },
    body: JSON.stringify(body),
  })
  await response.arrayBuffer()
  const [set = ''] = response.headers.getSetCookie()
  return { status: response.status, cookie: set.split(';')[0] ?? '' }
}

const look = async (url: string, cookie: string): Promise<number> => {
  const response = await fetch(`${url}/api/account`, { headers: { cookie } })
  await response.arrayBuffer()
  return response.status
}

const linkCode = async (world: CliWorld, args: readonly string[]): Promise<string> => {
  const { out, err } = await world.cli(['people', ...args, '--json'])
  const code = /#link=([\w-]+)/.exec(out)?.[1]
  if (code === undefined) throw new Error(err)
  return code
}

const inviteOlga = ['invite', olga, '--name', 'Olga', '--role', 'operator']

test('a session outlives the server, whether that is stopped or killed', async () => {
  await using world = await openCliWorld()
  const code = await linkCode(world, inviteOlga)
  const { cookie } = await post(world.adminUrl, 'session/link/password', { code, password: first })
  const seen: number[] = [await look(world.adminUrl, cookie)]

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    await world.stop(signal)
    seen.push(await look(await world.startAgain(), cookie))
  }

  assert.deepEqual(seen, [200, 200, 200])
})

test('a restored backup has the accounts and passwords of then, and brings no session and no link back', async (t) => {
  const place = mkdtempSync(join(tmpdir(), 'plimsoll-accounts-'))
  t.after(() => rmSync(place, { recursive: true }))
  await using world = await openCliWorld()
  const url = world.adminUrl
  const invited = await linkCode(world, inviteOlga)
  const open = await post(url, 'session/link/password', { code: invited, password: first })
  const stolen = await post(url, 'session/sign-in', { email: olga, password: first })
  const reset = await linkCode(world, ['reset', olga])
  const file = join(place, 'accounts.db')
  assert.equal((await world.cli(['backup', file])).code, 0)

  const used = await post(url, 'session/link/password', { code: reset, password: second })
  assert.deepEqual([used.status, await look(url, stolen.cookie)], [200, 401])
  await world.stop('SIGTERM')
  assert.equal((await world.cli(['restore', file, '--replace'])).code, 0)
  const again = await world.startAgain()

  for (const { cookie } of [open, stolen, used]) assert.equal(await look(again, cookie), 401)
  const revived = await post(again, 'session/link/password', { code: reset, password: second })
  const newer = await post(again, 'session/sign-in', { email: olga, password: second })
  const older = await post(again, 'session/sign-in', { email: olga, password: first })
  assert.deepEqual([revived.status, newer.status, older.status], [404, 401, 200])
  assert.equal(await look(again, older.cookie), 200)
})
