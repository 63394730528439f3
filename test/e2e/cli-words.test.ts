import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openCliWorld } from './cli-world.ts'

const json = (text: string) => JSON.parse(text)

test('commands that are shown to copy go to the same installation', async () => {
  await using world = await openCliWorld()
  const { cli, folder } = world

  const topUp = await cli(['topup', '5'])
  const opened = await cli(['customer', 'open', 'Acme', '--id', 'acme'])
  const none = await cli(['usage', '--customer', 'acme'])
  const seated = await cli(['member', 'seat', 'Ada', '--plan', 'pro', '--customer', 'acme'])
  const older = await cli(['history', '--all', '--customer', 'demo', '--rows', '1'])

  assert.ok(topUp.out.includes(`npm run plimsoll -- extra on --data-folder ${folder}`), topUp.out)
  for (const ran of [opened, seated, older])
    assert.match(ran.out, new RegExp(`npm run plimsoll -- .* --data-folder ${folder}`))
  assert.match(older.out, /history --all --customer demo --before \d+/)
  assert.match(none.err, /^Customer acme has no member yet\./)
})

test('who is unknown is said to be unknown, with those that there are', async () => {
  await using world = await openCliWorld()
  const { cli } = world

  const customer = await cli(['usage', '--customer', 'acme'])
  const member = await cli(['usage', '--member', 'eve'])
  const shown = await cli(['customer', 'show', 'nobody'])

  for (const ran of [customer, member, shown]) assert.equal(ran.code, 2)
  assert.match(customer.err, /^There is no customer "acme"\. There are:\n {2}demo \(Demo\)\n/)
  assert.match(customer.err, /--customer demo/)
  assert.match(member.err, /^There is no member "eve"\. There are:\n {2}demo \(Demo\) of demo/)
  assert.match(shown.err, /^There is no customer "nobody"\./)
  assert.doesNotMatch(shown.err, /--customer/)
})

test('a member or customer that is paused, shown or erased may be named as everywhere else, and once', async () => {
  await using world = await openCliWorld()
  const { cli } = world
  const named: readonly (readonly string[])[] = [
    ['member', 'pause', '--member', 'demo'],
    ['member', 'resume', 'demo', '--member', 'demo', '--customer', 'demo'],
    ['customer', 'pause', '--customer', 'demo'],
    ['customer', 'resume', '--customer', 'demo'],
    ['customer', 'show', '--customer', 'demo'],
    ['member', 'erase', '--member', 'demo'],
    ['customer', 'erase', '--customer', 'demo'],
  ]

  for (const args of named) assert.equal((await cli(args)).code, 0, args.join(' '))
  for (const [what, verb] of [
    ['member', 'pause'],
    ['customer', 'show'],
    ['customer', 'erase'],
  ] as const) {
    const two = await cli([what, verb, 'demo', `--${what}`, 'eve'])
    assert.equal(two.code, 2)
    assert.match(two.err, new RegExp(`^Two ${what}s are named: "demo", and "eve" with --${what}`))
    const unknown = await cli([what, verb, `--${what}`, 'eve'])
    assert.match(unknown.err, new RegExp(`^There is no ${what} "eve"`))
  }
  for (const what of ['member', 'customer']) {
    const nobody = await cli([what, 'erase'])
    assert.equal(nobody.code, 2)
    assert.match(nobody.err, new RegExp(`^Say which ${what} is to be erased`))
  }
})

test('a value that cannot be is told by the name of its flag, and nothing is sent', async () => {
  await using world = await openCliWorld()
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['history', '--rows', '0'], /--rows.*1 to 500/s],
    [['history', '--rows', '501'], /--rows.*1 to 500/s],
    [['customer', 'open', 'A', '--id', 'a b'], /--id.*letters/s],
    [['customer', 'open', ' '], /name.*empty/s],
    [['customer', 'open', 'A', '--zone', 'Mars/Olympus'], /--zone.*Europe\/Berlin/s],
    [['topup', '5', '--idempotency-key', ''], /--idempotency-key.*characters/s],
    [['gift-reset', '--limit', 'a b'], /--limit/],
  ]

  for (const [args, problem] of cases) {
    const ran = await world.cli(args)
    assert.equal(ran.code, 2, args.join(' '))
    assert.match(ran.err, problem)
    assert.doesNotMatch(ran.err, /rowsMax|customerId|limitId/)
  }
})

test('an unknown plan, an expiry that is past, and a decision that never was say what to do, once', async () => {
  await using world = await openCliWorld()
  const { cli } = world

  const shown = await cli(['plans', 'show', 'none'])
  const seated = await cli(['member', 'seat', 'Ada', '--plan', 'none'])
  const past = await cli(['topup', '5', '--expires', '2020-01-01'])
  const decision = await cli(['explain', 'foo'])
  const token = { PLIMSOLL_OPERATOR_TOKEN: `plop_${'0'.repeat(64)}` }
  const wrong = await cli(['usage'], { environment: token })

  assert.deepEqual([shown.code, seated.code], [1, 1])
  assert.match(past.err, /expiry that lies ahead/)
  assert.equal(decision.err.match(/whole/g)?.length ?? 0, 1, decision.err)
  assert.equal(wrong.code, 4)
  assert.match(wrong.err, /^The operator token is not/)
  assert.doesNotMatch(wrong.err, /\bkey\b/)
})

test('a top-up that is repeated under its key does not say twice that money was added', async () => {
  await using world = await openCliWorld()
  const args = ['topup', '1', '--idempotency-key', 'order-1']

  const first = await world.cli(args)
  const again = await world.cli(args)

  assert.match(first.out, /^Added once under this key: \$1\.00\. The balance is \$1\.00\./)
  assert.equal(again.out, first.out)
})

test('a new key is shown with the gateway that it is for', async () => {
  await using world = await openCliWorld()

  const issued = await world.cli(['key', 'issue'])

  assert.ok(issued.out.includes(`ANTHROPIC_BASE_URL=${world.gatewayUrl} `), issued.out)
})

test('a history says whose a line is, until when credit counts, and what was given back', async () => {
  await using world = await openCliWorld()
  const { cli } = world
  await world.ask(1000)
  await cli(['gift', '0.123456', '--expires', '2100-01-31'])
  await cli(['gift-reset', '--limit', 'session'])

  const alone = await cli(['history', '--all'], { columns: 200 })
  await cli(['member', 'seat', 'Ada', '--plan', 'pro'])
  const together = await cli(['history', '--all'], { columns: 200 })

  assert.match(alone.out, /Gift, until 31 Jan 2100 [\d:]+ +\+\$0\.123456 +\$0\.123456/)
  assert.match(alone.out, /Session given back, \$0\.\d+\n/)
  assert.match(alone.out, /Opening balance +\$0\.000000\n/)
  assert.doesNotMatch(alone.out, /Demo: /)
  assert.match(together.out, /Demo: claude-sonnet-4-5/)
  assert.match(together.out, /Ada: Seated on plan pro/)
})

test('a limit of which less than a percent is used does not say that nothing is', async () => {
  await using world = await openCliWorld()

  const fresh = await world.cli(['usage'])
  await world.ask(1)
  const used = await world.cli(['usage'])

  assert.match(fresh.out, /Session +░{20} +0 % used/)
  assert.match(used.out, /█░{19} +< 1 % used/)
  assert.match(used.out, /Spent this month +\$0\.00, no cap; the month ends /)
})

test('applied plans say which amounts changed and how many members that concerns', async () => {
  await using world = await openCliWorld()
  const example = join(import.meta.dirname, '..', '..', 'docs', 'examples', 'plans.json')
  const first = await world.cli(['plans', 'apply', example], { columns: 200 })
  const file = join(world.folder, 'plans.json')
  const plans = json(readFileSync(example, 'utf8'))
  plans.plans.free.limits['free-day'].requests = 1234
  writeFileSync(file, JSON.stringify(plans))

  const second = await world.cli(['plans', 'apply', file], { columns: 200 })
  const seat = await world.cli(['member', 'seat', '--member', 'demo', '--plan', 'free'])
  plans.plans.free.limits['free-day'].requests = 1235
  writeFileSync(file, JSON.stringify(plans))
  const third = await world.cli(['plans', 'apply', file], { columns: 200 })

  assert.match(first.out, /\npro: session \$\S+ -> \$3\.00, .*; 1 member sits on it\./)
  assert.equal(second.code, 0, second.err)
  assert.match(second.out, /free: free-day 25 requests -> 1,234 requests; 0 members sit on it\./)
  assert.equal(seat.code, 0, seat.err)
  assert.match(third.out, /free-day 1,234 requests -> 1,235 requests; 1 member sits on it\./)
})
