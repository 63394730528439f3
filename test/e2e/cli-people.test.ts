import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCliWorld } from './cli-world.ts'

test('the command line makes the first operator, a link for a new password, and an end of an account', async () => {
  await using world = await openCliWorld()
  const { cli } = world
  const invite = ['people', 'invite', 'Olga@example.com', '--name', 'Olga', '--role', 'operator']
  const use = async (url: string, password: string): Promise<number> => {
    const answer = await fetch(`${world.adminUrl}/api/session/link/password`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code: /#link=(\S+)/.exec(url)?.[1], password }),
    })
    await answer.arrayBuffer()
    return answer.status
  }

  const empty = await cli(['people', 'list'])
  const invited = await cli(invite)
  const member = await cli([
    'people',
    'invite',
    'ada@example.com',
    '--name',
    'Ada',
    '--role',
    'member',
    '--member',
    'demo',
  ])
  const listed = await cli(['people', 'list'])
  const reset = await cli(['people', 'reset', 'olga@example.com', '--json'])

  assert.match(empty.out, /Nobody has an account yet/)
  assert.equal(invited.code, 0, invited.err)
  assert.match(invited.out, new RegExp(`^${world.adminUrl}/#link=[\\w-]{32}\n`))
  assert.equal(member.code, 0, member.err)
  assert.match(listed.out, /ada@example.com +Ada +member +demo +demo/)
  assert.equal(await use(invited.out, 'kettle willow orbit 7'), 404)
  assert.equal(await use(JSON.parse(reset.out).link.url, 'kettle willow orbit 7'), 200)
  const last = await cli(['people', 'remove', 'olga@example.com'])
  assert.match(last.err, /only operator/)
  const removed = await cli(['people', 'remove', 'ada@example.com'])
  assert.match(removed.out, /no account any more/)
  const gone = await cli(['people', 'reset', 'ada@example.com'])
  assert.equal(gone.code, 1)
  assert.match(gone.err, /Nobody has an account as ada@example.com/)
  const wrong = await cli(['people', 'invite', 'x@example.com', '--name', 'X', '--role', 'king'])
  assert.equal(wrong.code, 2)
})
