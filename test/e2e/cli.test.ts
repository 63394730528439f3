import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { openCliWorld, tooWide } from './cli-world.ts'
import { putName } from './put-name.ts'

const json = (text: string) => JSON.parse(text)

test('a session is spent, explained, paid for from extra usage, and adds up: all from the command line', async () => {
  await using world = await openCliWorld()
  const { cli } = world
  for (const tokens of [16_000, 1_000]) await world.ask(tokens)
  const refusal = await world.ask(100)
  const decisionId = refusal.headers.get('x-plimsoll-decision') ?? ''
  assert.equal(refusal.status, 429)

  const spent = await cli(['usage'])
  assert.equal(spent.code, 0, spent.err)
  assert.match(
    spent.out,
    /Nothing pays for the next request: the session limit has no room left, and extra\s+usage is off for the whole account\./,
  )
  assert.match(
    spent.out,
    /Session +█{20} +102 % used\n +\$0\.2\d+ of \$0\.25, resets (\w{3} \d+ \w{3} )?[\d:]+ \(in.(4.h.59.min|5.h)\)/,
  )
  assert.match(spent.out, /Balance +\$0\.00\n/)

  const explained = await cli(['explain', decisionId])
  assert.equal(explained.code, 0, explained.err)
  assert.match(explained.out, /^Refused, and rightly so: /)
  assert.match(
    explained.out,
    /no room +Session limit +\$0\.25\d* used \+ \$0\.00 held of \$0\.25\n/,
  )
  assert.match(explained.out, /not allowed +Extra usage for the account +off\n/)

  assert.match(
    (await cli(['topup', '5'])).out,
    /^Added \$5\.00\. The balance is \$5\.00\. Extra usage is off/,
  )
  assert.match((await cli(['extra', 'on'])).out, /^Extra usage is on for the whole account\./)
  assert.equal((await world.ask(100)).headers.get('x-plimsoll-source'), 'extra_usage')

  const paid = await cli(['usage'])
  assert.match(paid.out, /^Extra usage pays for the next request, because the session limit/m)

  const history = await cli(['history'])
  assert.equal(history.code, 0, history.err)
  assert.match(
    history.out,
    /claude-sonnet-4-5 +\$0\.\d+ +extra usage +-\$0\.\d+ +\$4\.\d+\n +\d+ in, 100 out {2}hold_/,
  )
  assert.match(history.out, /It adds up\.\n$/)

  const verified = await cli(['verify'])
  assert.equal(verified.code, 0, verified.err)
  assert.match(verified.out, /All right: every chain is whole/)
})

test('every answer fits 80 columns, and is JSON with --json', async () => {
  await using world = await openCliWorld()
  const { cli } = world
  await world.ask(100)
  await cli(['topup', '12345.123456'])
  const commands = [
    ['usage'],
    ['history'],
    ['history', '--all', '--rows', '5'],
    ['verify'],
    ['drift'],
    ['prices'],
    ['plans', 'list'],
    ['plans', 'show', 'pro'],
    ['customer', 'list'],
    ['customer', 'show'],
    ['member', 'list'],
    ['key', 'list'],
    ['people', 'list'],
    ['status'],
    ['cap', '20'],
    ['extra', 'on', '--member', 'demo'],
    ['topup', '5', '--expires', '2100-01-31'],
    ['gift', '1'],
    ['auto-reload', 'show'],
    ['auto-reload', 'allow', '50'],
    ['auto-reload', 'on', '--below', '5', '--add', '20', '--at-most', '100'],
    ['auto-reload', 'show'],
    ['auto-reload', 'off'],
    ['gift-reset', '--limit', 'session'],
    ['member', 'except', 'week', '12.50', '--until', '2100-01-31'],
    ['usage'],
    ['member', 'except', 'week', 'unlimited'],
    ['usage'],
    ['member', 'except', 'week', 'plan'],
    ['member', 'pause'],
    ['member', 'resume'],
    ['customer', 'pause'],
    ['customer', 'resume'],
  ]

  for (const args of commands) {
    const text = await cli(args)
    const twice = args[0] === 'gift-reset' ? 1 : 0
    const asJson = await cli([...args, '--json'])
    assert.equal(text.code, 0, `${args.join(' ')}: ${text.err}`)
    assert.deepEqual(tooWide(text.out, 80), [], args.join(' '))
    assert.equal(asJson.code, twice, args.join(' '))
    assert.doesNotThrow(() => json(twice === 0 ? asJson.out : asJson.err), args.join(' '))
  }
  for (const columns of [40, 60, 200]) {
    assert.equal((await cli(['history'], { columns })).code, 0)
  }
})

test('colours are for terminals that want them, and change no word', async () => {
  await using world = await openCliWorld()

  const plain = await world.cli(['usage'])
  const colored = await world.cli(['usage'], { isColored: true })

  // oxlint-disable-next-line no-control-regex -- a colour begins with this character
  const colour = /\u001b\[\d+m/g
  assert.doesNotMatch(plain.out, colour)
  assert.match(colored.out, colour)
  assert.equal(colored.out.replaceAll(colour, ''), plain.out)
})

test('amounts that are not amounts are wrong use, say why, and change nothing', async () => {
  await using world = await openCliWorld()
  const position = json((await world.cli(['status', '--json'])).out).position
  const cases: readonly (readonly [string, RegExp])[] = [
    ['-5', /must not be negative/],
    ['−5', /must not be negative/],
    ['0', /above zero/],
    ['5,50', /a point, not a comma/],
    ['$5', /leave the currency sign out/],
    ['1.0000000001', /more than nine decimals/],
    ['9223372036.854775808', /the most is 9,223,372,036/],
    ['99999999999999999999', /the most is/],
    ['٥', /only the digits 0 to 9/],
    ['1e3', /only the digits 0 to 9/],
    ['', /only the digits 0 to 9/],
    ['5 000', /only the digits 0 to 9/],
  ]

  for (const [amount, problem] of cases) {
    for (const command of ['topup', 'gift', 'cap']) {
      if (command === 'cap' && amount === '0') continue
      const ran = await world.cli([command, amount])
      assert.equal(ran.code, 2, `${command} ${amount}`)
      assert.match(ran.err, problem, amount)
      assert.match(ran.err, /for example 5 or 12\.50/)
      assert.equal(/For no bound:\s+unlimited/.test(ran.err), command === 'cap')
      assert.doesNotMatch(ran.err, /idempotency-key/)
    }
  }
  assert.equal(json((await world.cli(['status', '--json'])).out).position, position)
})

test('L4: a command repeated under its key is done once', async () => {
  await using world = await openCliWorld()

  const first = await world.cli(['topup', '5', '--idempotency-key', 'order-1', '--json'])
  const again = await world.cli(['topup', '5', '--idempotency-key', 'order-1', '--json'])
  const other = await world.cli(['topup', '6', '--idempotency-key', 'order-1'])

  assert.equal(json(again.out).grantId, json(first.out).grantId)
  assert.equal(json(again.out).balanceNanos, '5000000000')
  assert.equal(other.code, 1)
  assert.match(other.err, /used before/)
})

test('wrong use ends with 2 and says what was meant', async () => {
  await using world = await openCliWorld()
  const { cli } = world

  for (const args of [
    ['usge'],
    ['usage', '--membr', 'x'],
    ['topup'],
    ['extra', 'maybe'],
    ['history', '--rows', 'many'],
    ['plans', 'apply', 'nowhere.json'],
    ['member', 'seat', '--plan', 'pro'],
    ['topup', '5', '--expires', 'soon'],
  ]) {
    const ran = await cli(args)
    assert.equal(ran.code, 2, args.join(' '))
    assert.notEqual(ran.err, '', args.join(' '))
    assert.equal(ran.out, '', args.join(' '))
  }
  const secret = await cli(['usage', '--upstream-key=sk-ant-secret'])
  assert.match(secret.err, /unknown option '--upstream-key'/)
  assert.match((await cli(['usge'])).err, /Did you mean usage\?/)
  const unquoted = await cli(['customer', 'open', 'Acme', 'Works'])
  assert.match(
    unquoted.err,
    /got 2\. Put quotes around a text with spaces; a switch takes no value\.\n/,
  )
  const unknownSetting = await cli(['usage'], { environment: { PLIMSOLL_ADMIN_PROT: '1' } })
  assert.equal(unknownSetting.code, 2)
  assert.match(unknownSetting.err, /PLIMSOLL_ADMIN_PORT/)
})

test('with --json wrong use is one JSON object on standard error, and nothing else anywhere', async () => {
  await using world = await openCliWorld()
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['usge'], /^unknown command 'usge'\n\(Did you mean usage\?\)$/],
    [['topup'], /missing required argument 'amount'/],
    [['usage', '--membr=sk-ant-secret'], /^unknown option '--membr'(?!.*secret)/],
    [['usage', 'much'], /too many arguments/],
    [['history', '--rows'], /argument missing/],
    [['history', '--rows', 'many'], /./],
    [['topup', 'five'], /./],
    [['member'], /./],
    [[], /^No command was named\.$/],
  ]

  for (const [args, expected] of cases) {
    for (const line of [
      [...args, '--json'],
      ['--json', ...args],
    ]) {
      if (line.at(-2) === '--rows') continue
      const ran = await world.cli(line)
      const { error } = json(ran.err)
      assert.equal(ran.code, 2, line.join(' '))
      assert.equal(ran.out, '', line.join(' '))
      assert.deepEqual(Object.keys(error), ['code', 'message', 'remedy'])
      assert.equal(error.code, 'wrong_use')
      assert.match(error.message, expected)
      assert.notEqual(error.remedy, '')
    }
  }
})

test('with several members a command asks which one, and takes ids and names', async () => {
  await using world = await openCliWorld()
  const { cli } = world
  await cli([
    'customer',
    'open',
    'Acmé 日本',
    '--id',
    'acme',
    '--zone',
    'Europe/Berlin',
    '--cap',
    '20',
  ])
  await cli(['member', 'seat', 'Ada', '--plan', 'pro', '--customer', 'acme', '--id', 'ada'])

  const unclear = await cli(['usage'])
  const unclearCustomer = await cli(['topup', '5'])
  const byName = await cli(['usage', '--member', 'Ada'])
  const byCustomer = await cli(['customer', 'show', 'Acmé 日本'])
  const nobody = await cli(['usage', '--member', 'Eve'])

  assert.equal(unclear.code, 2)
  assert.match(
    unclear.err,
    /several members.*--member:\n {2}ada \(Ada\) of acme \(Acmé 日本\)\n {2}demo/s,
  )
  assert.equal(unclearCustomer.code, 2)
  assert.match(unclearCustomer.err, /--customer/)
  assert.match(byName.out, /^Ada, Pro \(demo\) plan \(customer Acmé 日本\)/)
  assert.match(byCustomer.out, /Spent this month +\$0\.00 of a cap of \$20\.00; the month ends/)
  assert.equal(nobody.code, 2)
  assert.match(nobody.err, /There is no member "Eve"\. There are:/)
})

test('a key is issued, counts at once, is listed without its text, and is revoked', async () => {
  await using world = await openCliWorld()
  const { keyId, keyText } = json(
    (await world.cli(['key', 'issue', '--name', 'laptop', '--json'])).out,
  )
  const usage = () =>
    fetch(`${world.adminUrl}/api/me/usage`, { headers: { authorization: `Bearer ${keyText}` } })

  const before = await usage()
  const listed = await world.cli(['key', 'list'])
  const revoked = await world.cli(['key', 'revoke', keyId])
  const after = await usage()

  assert.equal(before.status, 200)
  await before.arrayBuffer()
  assert.match(listed.out, new RegExp(`${keyId} +Demo \\(demo\\) +laptop`))
  assert.ok(!listed.out.includes(keyText))
  assert.match(revoked.out, /is revoked/)
  assert.equal(after.status, 401)
  await after.arrayBuffer()
})

test('plans are applied from a file, and moving a member keeps what it used', async () => {
  await using world = await openCliWorld()
  await world.ask(1000)
  const file = join(import.meta.dirname, '..', '..', 'docs', 'examples', 'plans.json')

  const applied = await world.cli(['plans', 'apply', file])
  const again = await world.cli(['plans', 'apply', file])
  const broken = join(world.folder, 'broken.json')
  writeFileSync(broken, '{"plans": {"pro": {"nmae": "x"}}}')
  const refused = await world.cli(['plans', 'apply', broken])
  const calledThere = { environment: { INIT_CWD: world.folder } }
  const fromThere = await world.cli(['plans', 'apply', 'broken.json'], calledThere)
  const nowhere = await world.cli(['plans', 'apply', 'nowhere.json'], calledThere)

  assert.equal(applied.code, 0, applied.err)
  assert.match(applied.out, /^Published: /)
  assert.match(again.out, /^Nothing to change/)
  assert.equal(refused.code, 1)
  assert.match(refused.err, /nmae|name/)
  assert.match(fromThere.err, /nmae|name/, 'as seen from where npm was called')
  assert.ok(nowhere.err.startsWith(`There is no file ${join(world.folder, 'nowhere.json')}.`))
})

test('without a server: reading commands read the folder, changing ones end with 3', async () => {
  await using world = await openCliWorld()
  const { cli } = world
  await world.ask(16_000)
  await world.ask(1_000)
  const decisionId = (await world.ask(100)).headers.get('x-plimsoll-decision') ?? ''
  const running = json((await cli(['usage', '--json'])).out)

  await world.stop('SIGKILL')

  const usage = await cli(['usage', '--json'])
  assert.equal(usage.code, 0, usage.err)
  assert.equal(json(usage.out).figures.limits[0].used, running.figures.limits[0].used)
  assert.match((await cli(['history'])).out, /It adds up/)
  assert.match((await cli(['explain', decisionId])).out, /^Refused, and rightly so/)
  assert.equal((await cli(['verify'])).code, 0)
  for (const args of [
    ['status'],
    ['topup', '5'],
    ['extra', 'on'],
    ['usage', '--data-folder', join(world.folder, 'none')],
  ]) {
    const ran = await cli(args)
    assert.equal(ran.code, 3, args.join(' '))
    assert.match(ran.err, /npm start/)
  }
  const asJson = await cli(['topup', '5', '--json'])
  assert.equal(json(asJson.err).error.code, 'no_server')
})

test('a server that does not answer ends a command with 3', async () => {
  await using world = await openCliWorld()

  for (const args of [['usage'], ['topup', '5', '--customer', 'demo']]) {
    const ran = await world.cli([...args, '--admin-url', 'http://127.0.0.1:9'])
    assert.equal(ran.code, 3, args.join(' '))
    assert.match(ran.err, /does not answer/)
    assert.doesNotMatch(ran.err, /idempotency-key/)
  }
})

test('an address that is not the admin API is told plainly, whatever it answers', async () => {
  await using world = await openCliWorld()
  const answers: readonly (readonly [number, string])[] = [
    [200, '{}'],
    [200, '[]'],
    [200, '<!doctype html>'],
    [200, ''],
    [404, '{"error":"not found"}'],
    [404, '{"error":null}'],
    [500, '{"type":"error","error":{"type":"api_error","message":"no"}}'],
  ]
  const server = createServer((request, response) => {
    const [status, body] = answers[Number(request.url?.split('/')[1])] ?? [400, '']
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const places = answers.map((_, index) => `http://127.0.0.1:${port}/${index}`)

  for (const place of [world.gatewayUrl, ...places]) {
    for (const args of [['usage'], ['status'], ['topup', '5', '--customer', 'demo'], ['verify']]) {
      const ran = await world.cli([...args, '--json', '--admin-url', place])
      assert.equal(json(ran.err).error.code, 'not_plimsoll', `${args.join(' ')} ${place}`)
      assert.equal(ran.code, 1)
      assert.equal(ran.out, '')
    }
  }
  server.close()
  server.closeAllConnections()
})

test('a command whose answer was lost names the key that makes its repeat safe', async () => {
  await using world = await openCliWorld()
  // Passes everything on, but loses the answer to every command.
  await using lossy = await startLossyProxy(world.adminUrl)

  const lost = await world.cli(['topup', '5', '--admin-url', lossy.url])
  const key = /--idempotency-key (cli_\w+)/.exec(lost.err)?.[1] ?? ''
  const repeated = await world.cli(['topup', '5', '--idempotency-key', key, '--json'])
  const asJson = await world.cli(['extra', 'on', '--json', '--admin-url', lossy.url])

  assert.equal(lost.code, 3)
  assert.equal(json(repeated.out).balanceNanos, '5000000000')
  assert.match(json(asJson.err).error.idempotencyKey, /^cli_/)
})

async function startLossyProxy(target: string) {
  const server = createServer((request, response) => {
    void passOn(request, target).then(async (answer) => {
      if (request.method === 'POST') return response.destroy()
      return response.writeHead(answer.status, markOf(answer)).end(await answer.text())
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const markOf = (answer: Response): Record<string, string> => ({
  'x-plimsoll-api': answer.headers.get('x-plimsoll-api') ?? '',
})

async function passOn(request: IncomingMessage, target: string): Promise<Response> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const names = ['authorization', 'content-type', 'idempotency-key']
  const headers = names.flatMap((name): [string, string][] => {
    const value = request.headers[name]
    return typeof value === 'string' ? [[name, value]] : []
  })
  return fetch(target + (request.url ?? ''), {
    method: request.method ?? 'GET',
    headers,
    ...(request.method === 'POST' ? { body: Buffer.concat(chunks) } : {}),
  })
}

test('without the token, or with a wrong one, a command ends with 4', async () => {
  await using world = await openCliWorld()
  const path = join(world.folder, 'operator-token')
  const wrong = await world.cli(['usage'], {
    environment: { PLIMSOLL_OPERATOR_TOKEN: 'plop_wrong' },
  })
  const member = await world.cli(['usage'], {
    environment: { PLIMSOLL_OPERATOR_TOKEN: world.demoKey },
  })
  renameSync(path, `${path}.away`)
  const missing = await world.cli(['usage'])
  renameSync(`${path}.away`, path)
  chmodSync(path, 0o600)

  for (const ran of [wrong, member, missing]) assert.equal(ran.code, 4, ran.err)
  assert.match(missing.err, /PLIMSOLL_OPERATOR_TOKEN/)
  assert.ok(!`${wrong.err}${member.err}`.includes(world.demoKey))
})

test('names from elsewhere cannot steer the terminal', async () => {
  await using world = await openCliWorld()
  await world.stop('SIGTERM')
  await putName(world.folder, 'demo', 'Evil\u001b]0;title\u0007\u202e\nName')

  const usage = await world.cli(['usage'])

  assert.equal(usage.code, 0, usage.err)
  // oxlint-disable-next-line no-control-regex -- these are what must not be there
  assert.doesNotMatch(usage.out, /[\u001b\u0007\u202e]/)
  assert.match(usage.out, /^Evil�\]0;title���Name/)
})

test('as a program it ends with the same codes, reads its settings, and prints no colour into a pipe', async () => {
  await using world = await openCliWorld()
  const program = join(import.meta.dirname, '..', '..', 'src', 'cli', 'plimsoll.ts')
  const ran = (args: readonly string[]) =>
    spawnSync(process.execPath, [program, ...args], {
      encoding: 'utf8',
      env: { ...process.env, PLIMSOLL_DATA_FOLDER: world.folder },
    })

  const usage = ran(['usage'])
  const wrong = ran(['nonsense'])
  const help = ran(['topup', '--help'])

  assert.equal(usage.status, 0, usage.stderr)
  assert.match(usage.stdout, /The plan pays for the next request\./)
  assert.ok(!usage.stdout.includes('\u001b'))
  assert.equal(wrong.status, 2)
  assert.equal(help.status, 0)
  assert.match(help.stdout, /Example:\n {2}npm run plimsoll -- topup 5/)
})

test('every command has help with an example', async () => {
  await using world = await openCliWorld()
  const names = [
    'usage',
    'history',
    'explain',
    'topup',
    'gift',
    'cap',
    'extra',
    'auto-reload show',
    'auto-reload on',
    'auto-reload off',
    'auto-reload allow',
    'gift-reset',
    'verify',
    'drift',
    'customer open',
    'customer list',
    'customer show',
    'customer pause',
    'customer resume',
    'member seat',
    'member list',
    'member except',
    'member pause',
    'member resume',
    'key issue',
    'key list',
    'key revoke',
    'people list',
    'people invite',
    'people reset',
    'people remove',
    'plans list',
    'plans show',
    'plans apply',
    'prices',
    'status',
    'start',
  ]
  const documented = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'cli.md'), 'utf8')

  for (const name of names) {
    const { code, out } = await world.cli([...name.split(' '), '--help'])
    assert.equal(code, 0, name)
    assert.match(out, new RegExp(`Examples?:\n  npm run plimsoll -- ${name}`), name)
    assert.deepEqual(
      tooWide(out, 80).filter((line) => !line.includes('npm run')),
      [],
      name,
    )
    assert.ok(documented.includes(`\`${name}`), `docs/cli.md does not tell about ${name}`)
  }
})
