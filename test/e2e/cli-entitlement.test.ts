import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCliWorld } from './cli-world.ts'

const plain = (text: string): string => text.replaceAll(/\s+/g, ' ')

test('an exception is made, shown with its end and what the plan says, and taken back', async () => {
  await using world = await openCliWorld()
  const { cli } = world

  const made = await cli(['member', 'except', 'week', '12.50', '--until', '2100-01-31'])
  const usage = await cli(['usage'])
  const history = await cli(['history'])
  const unlimited = await cli(['member', 'except', 'week', 'unlimited'])
  const unbounded = await cli(['usage'])
  const back = await cli(['member', 'except', 'week', 'plan'])
  const after = await cli(['usage'])

  assert.match(
    plain(made.out),
    /^Limit week of member demo is \$12\.50 until .*2100.*; the plan says \$/,
  )
  assert.match(
    plain(usage.out),
    /of \$12\.50.*An exception for this member until .*2100.*; the plan says \$/,
  )
  assert.match(
    plain(history.out),
    /Limit week for the member: \$12\.50 instead of the plan's own amount/,
  )
  assert.match(plain(unlimited.out), /^Limit week of member demo is unlimited; the plan says \$/)
  assert.match(plain(unbounded.out), /no limit/)
  assert.equal(back.out.trim(), 'Limit week of member demo is what its plan says.')
  assert.doesNotMatch(after.out, /exception/)
})

test('an exception that cannot be is told in its own words, and nothing is sent', async () => {
  await using world = await openCliWorld()
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['week', 'more'], 2, /an amount such as 50, or: unlimited, or: plan/],
    [['week', '1,50'], 2, /a point, not a comma/],
    [['week', 'plan', '--until', '2100-01-31'], 2, /has no end/],
    [['week', '5', '--until', 'soon'], 2, /a date such as/],
    [['week', '5', '--until', '2020-01-31'], 1, /lies ahead/],
    [['fortnight', '5'], 1, /its limits are: /],
  ]

  for (const [args, code, problem] of cases) {
    const ran = await world.cli(['member', 'except', ...args])
    assert.equal(ran.code, code, args.join(' '))
    assert.match(plain(ran.err), problem)
  }
})

test('auto-reload is off until it is turned on, says what pays for it, and why it stopped', async () => {
  await using world = await openCliWorld()
  const { cli } = world

  const off = await cli(['auto-reload', 'show'])
  const on = await cli(['auto-reload', 'on', '--below', '5', '--add', '20', '--at-most', '100'])
  const stopped = await cli(['auto-reload', 'show'])
  const allowed = await cli(['auto-reload', 'allow', '50'])
  const usage = await cli(['usage'])
  const ended = await cli(['auto-reload', 'allow', '0'])
  const turnedOff = await cli(['auto-reload', 'off'])

  assert.match(off.out, /^Auto-reload is off\./)
  assert.match(
    plain(on.out),
    /^Auto-reload is on: \$20\.00 whenever less than \$5\.00 is available, at most \$100\.00 a month\. Nothing pays for it yet; the operator allows it with: npm run plimsoll -- auto-reload allow 100/,
  )
  assert.match(
    plain(stopped.out),
    /stopped.*Auto-reload stopped: extra usage is off for the account/,
  )
  assert.equal(allowed.out.trim(), 'The operator pays for reloads of up to $50.00 a month.')
  assert.match(
    plain(usage.out),
    /Auto-reload stopped: \$20\.00 when less than \$5\.00 is available/,
  )
  assert.match(ended.out, /There is no standing order/)
  assert.match(turnedOff.out, /^Auto-reload is off\. The balance is \$/)
})

test('O9: the running server reloads by itself, once', async () => {
  await using world = await openCliWorld()
  const { cli } = world
  const shown = async () => JSON.parse((await cli(['auto-reload', 'show', '--json'])).out)
  await cli(['extra', 'on'])
  await cli(['auto-reload', 'allow', '50'])
  const before = await shown()
  const below = String(BigInt(before.balanceNanos) / 1_000_000_000n + 1n)
  await cli(['auto-reload', 'on', '--below', below, '--add', below, '--at-most', below])

  // It is asked again, not slept for: the reload is booked beside the commands.
  let after = await shown()
  for (let asked = 0; asked < 100 && after.reloadCount === 0; asked += 1) after = await shown()

  const history = await cli(['history', '--all'])
  assert.deepEqual([after.reloadCount, after.state], [1, 'ready'])
  assert.equal(
    BigInt(after.balanceNanos) - BigInt(before.balanceNanos),
    BigInt(below) * 1_000_000_000n,
  )
  assert.match(history.out, /Top-up by auto-reload/)
})

test('terms of auto-reload that could never work are refused with what to do', async () => {
  await using world = await openCliWorld()
  const on = (below: string, add: string, atMost: string) =>
    world.cli(['auto-reload', 'on', '--below', below, '--add', add, '--at-most', atMost])

  const small = await on('5', '4', '100')
  const low = await on('5', '20', '19')
  const zero = await on('0', '20', '100')
  const missing = await world.cli(['auto-reload', 'on', '--below', '5'])

  assert.match(plain(small.err), /at least the threshold/)
  assert.match(plain(low.err), /at least the amount/)
  assert.match(zero.err, /above zero/)
  assert.match(missing.err, /--add/)
  assert.deepEqual([small.code, low.code, zero.code, missing.code], [1, 1, 2, 2])
})

test('a history leaves as CSV, whole or not at all, with the server and without it', async () => {
  await using world = await openCliWorld()
  const { cli } = world
  await world.ask(100)
  await cli(['topup', '5'])

  const file = await cli(['history', '--csv'])
  const whole = await cli(['history', '--all', '--csv'])
  const beside = await cli(['history', '--csv', '--rows', '5'])
  const json = await cli(['history', '--csv', '--json'])
  await world.stop('SIGTERM')
  const stopped = await cli(['history', '--csv'])

  for (const { code, out, err } of [file, whole, stopped]) {
    assert.equal(code, 0, err)
    const rows = out.trimEnd().split('\n')
    assert.match(rows[0] ?? '', /^position,moment,kind,title,/)
    assert.match(rows[1] ?? '', /^,,opening_balance,/)
    assert.match(rows.at(-1) ?? '', /^,,closing_balance,.*,5\.000000000,5000000000$/)
    assert.equal(rows.filter((row) => row.split(',')[2] === 'request').length, 1)
  }
  assert.equal(stopped.out, file.out)
  assert.deepEqual([beside.code, json.code], [2, 2])
  assert.match(beside.err, /--rows does not go with it/)
})
