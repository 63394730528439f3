import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as nextImmediate } from 'node:timers/promises'
import { diskLeftOut, mountDisk } from './small-disk.ts'
import { cleanEnvironment, folderFor, mainOf, root, startFor } from './server-process.ts'

/** The first start of the demo as a process: the world that it makes, and what becomes of it. */

const seeded = ['--is-demo-seeded', 'true', '--is-demo-alive', 'false']

type Answer = { readonly customers: readonly { readonly customerId: string }[] }

async function ask(
  server: { readonly adminUrl: string },
  folder: string,
  call: { readonly path: string; readonly body?: object },
): Promise<unknown> {
  const token = readFileSync(join(folder, 'operator-token'), 'utf8').trim()
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'idempotency-key': call.path,
  }
  const body = call.body === undefined ? {} : { method: 'POST', body: JSON.stringify(call.body) }
  const response = await fetch(`${server.adminUrl}${call.path}`, { headers, ...body })
  assert.equal(response.status, 200)
  return response.json()
}

test('a first start that is killed while it makes the demo world leaves no journal, and the next one makes it whole', async (t) => {
  const folder = folderFor(t)
  const own = ['--gateway-port', '0', '--admin-port', '0', '--data-folder', folder, ...seeded]
  const child = spawn(process.execPath, [mainOf(root), ...own], {
    env: cleanEnvironment(),
    stdio: 'ignore',
  })
  t.after(() => child.kill('SIGKILL'))
  const making = join(folder, 'journal-in-making', 'journal.db')
  const isHalfWay = (): boolean =>
    (statSync(making, { throwIfNoEntry: false })?.size ?? 0) > 0 &&
    (statSync(`${making}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 1_000_000
  while (!isHalfWay() && child.exitCode === null) await nextImmediate()
  child.kill('SIGKILL')
  if (child.signalCode === null) await once(child, 'exit')
  assert.equal(statSync(join(folder, 'journal.db'), { throwIfNoEntry: false }), undefined)

  const server = await startFor(t, { folder, flags: seeded })

  assert.equal(existsSync(join(folder, 'journal-in-making')), false)
  assert.match(server.said(), /This is a demo world/)
  assert.match(server.said(), /^Making the demo world /m)
  assert.match(server.said(), /plimsoll -- demo remove/)
  const { customers } = (await ask(server, folder, { path: '/api/customers' })) as Answer
  assert.equal(customers.length, 5)
  assert.equal(customers[0]?.customerId, 'demo')
})

test('the demo world that was removed stays away after a start, and its printed key is dead', async (t) => {
  const folder = folderFor(t)
  const first = await startFor(t, { folder, flags: seeded })
  await ask(first, folder, { path: '/api/demo-world/remove', body: {} })
  first.child.kill('SIGTERM')
  await first.ended

  const second = await startFor(t, { folder, flags: seeded })

  const { customers } = (await ask(second, folder, { path: '/api/customers' })) as Answer
  assert.deepEqual(customers, [])
  const seats = await ask(second, folder, { path: '/api/seats' })
  assert.deepEqual(seats, { seats: [], hasMore: false })
  const status = (await ask(second, folder, { path: '/api/status' })) as Record<string, unknown>
  assert.deepEqual([status['customerCount'], status['memberCount']], [0, 0])
  assert.doesNotMatch(second.said(), /demo world|Demo key/)
  const me = await fetch(`${second.adminUrl}/api/me/usage`, {
    headers: { authorization: `Bearer ${first.demoKey}` },
  })
  assert.equal(me.status, 401)
})

test('a start without the demo world has the demo member alone', async (t) => {
  const folder = folderFor(t)

  const server = await startFor(t, { folder })

  const { customers } = (await ask(server, folder, { path: '/api/customers' })) as Answer
  assert.deepEqual(
    customers.map(({ customerId }) => customerId),
    ['demo'],
  )
  assert.doesNotMatch(server.said(), /demo world/)
})

test(
  'a disk that has no room for the demo world starts with the demo member alone, and says why',
  { skip: diskLeftOut() },
  async (t) => {
    const folder = join(mountDisk(t, 'size=4m'), 'data')

    const server = await startFor(t, { folder, flags: seeded })
    await server.until(/The demo world was not made/)

    assert.match(server.demoKey, /^plim_/)
    assert.equal(existsSync(join(folder, 'journal-in-making')), false)
    const { customers } = (await ask(server, folder, { path: '/api/customers' })) as Answer
    assert.deepEqual(
      customers.map(({ customerId }) => customerId),
      ['demo'],
    )
  },
)
