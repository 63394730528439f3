import assert from 'node:assert/strict'
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { loadSettings, SettingsError, type SettingSources } from './load-settings.ts'
import { printableSettings } from './settings-table.ts'
import type { Settings } from './settings.ts'

function load(sources: Partial<SettingSources>): Settings {
  return loadSettings({ flags: [], environment: {}, folder: '/nowhere', ...sources })
}

function problemsOf(sources: Partial<SettingSources>): readonly string[] {
  try {
    load(sources)
  } catch (error) {
    assert.ok(error instanceof SettingsError)
    return error.problems
  }
  assert.fail('the settings were taken')
}

function folderWith(t: TestContext, files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-settings-'))
  t.after(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, 'data'))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  return folder
}

test('without a word said, everything has its default and the gateway listens on loopback only', () => {
  const settings = load({})

  assert.equal(settings.gatewayHost, '127.0.0.1')
  assert.equal(settings.gatewayPort, 4180)
  assert.equal(settings.adminPort, 4181)
  assert.equal(settings.dataFolder, join('/nowhere', 'data'))
  assert.equal(settings.upstreamUrl, null)
  assert.equal(settings.denialStatus, 429)
  assert.equal(settings.overrunMax, 10_000_000_000n)
})

test('a flag goes before the environment, the environment before the file, the file before the default', (t) => {
  const folder = folderWith(t, {
    'data/plimsoll.json': '{ "gatewayPort": 1, "adminPort": 2, "waitersMax": 3 }',
  })

  const settings = load({
    flags: ['--gateway-port', '11'],
    environment: { PLIMSOLL_GATEWAY_PORT: '12', PLIMSOLL_ADMIN_PORT: '13' },
    folder,
  })

  assert.equal(settings.gatewayPort, 11)
  assert.equal(settings.adminPort, 13)
  assert.equal(settings.waitersMax, 3)
  assert.equal(settings.waitMaxMs, 2_000)
})

test('settings cannot be changed once they are loaded', () => {
  assert.ok(Object.isFrozen(load({})))
  assert.ok(Object.isFrozen(load({ flags: ['--upstream-key=k'] })))
})

test('a flag takes its value after a space or an equals sign, and a switch may stand alone', () => {
  const settings = load({
    flags: ['--admin-host=::1', '--upstream-url', 'https://llm.example/a=b', '--is-demo-paced'],
  })

  assert.equal(settings.adminHost, '::1')
  assert.equal(settings.upstreamUrl, 'https://llm.example/a=b')
  assert.equal(settings.isDemoPaced, true)
  assert.equal(load({ flags: ['--is-demo-paced', 'false'] }).isDemoPaced, false)
})

test('a setting that does not exist is an error that names the nearest one', (t) => {
  const folder = folderWith(t, { 'data/plimsoll.json': '{ "gatwayPort": 1 }' })

  const problems = problemsOf({
    flags: ['--gateway-prot', '1'],
    environment: { PLIMSOLL_UPSTREAM_KYE: 'x' },
    folder,
  })

  assert.equal(problems.length, 3)
  assert.match(problems[0] ?? '', /--gateway-prot is not a setting; did you mean --gateway-port\?/)
  assert.match(problems[1] ?? '', /did you mean PLIMSOLL_UPSTREAM_KEY\?/)
  assert.match(problems[2] ?? '', /"gatwayPort" in .*plimsoll\.json is not a setting; did you mean/)
})

test('a value that does not fit is an error that says what fits', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    [
      'PLIMSOLL_GATEWAY_PORT=-1',
      /PORT takes a whole number from 0 to 65535; what it was given is something else/,
    ],
    ['PLIMSOLL_GATEWAY_PORT=65536', /whole number/],
    ['PLIMSOLL_GATEWAY_PORT=1e3', /whole number/],
    ['PLIMSOLL_BODY_BYTES_MAX=9223372036854775808', /whole number/],
    ['PLIMSOLL_OVERRUN_MAX=-5', /an amount such as/],
    ['PLIMSOLL_OVERRUN_MAX=10000000000', /an amount such as/],
    ['PLIMSOLL_DENIAL_STATUS=500', /one of 429, 400/],
    ['PLIMSOLL_TIME_ZONE=Mars/Olympus', /a time zone/],
    ['PLIMSOLL_UPSTREAM_URL=api.example.com', /an http or https address/],
    ['PLIMSOLL_UPSTREAM_URL=https://user:word@api.example.com', /without a user, password/],
    ['PLIMSOLL_UPSTREAM_URL=https://word@api.example.com', /without a user/],
    ['PLIMSOLL_UPSTREAM_URL=https://api.example.com/v1?key=word', /query or fragment/],
    ['PLIMSOLL_UPSTREAM_URL=https://api.example.com?', /query or fragment/],
    ['PLIMSOLL_UPSTREAM_URL=https://api.example.com/#part', /query or fragment/],
    ['PLIMSOLL_ADMIN_URL=http://127.0.0.1:4181/?token=word', /query or fragment/],
    ['PLIMSOLL_IS_DEMO_PACED=yes', /true or false/],
  ]
  for (const [line, expected] of cases) {
    const [variable = '', value] = line.split('=')
    const problems = problemsOf({ environment: { [variable]: value } })
    assert.equal(problems.length, 1, line)
    assert.match(problems[0] ?? '', expected)
    assert.doesNotMatch(
      problems[0] ?? '',
      /api\.example\.com|word@|Mars|yes/,
      'a value is repeated',
    )
  }
})

test('a flag without its value is an error', () => {
  assert.match(problemsOf({ flags: ['--data-folder'] })[0] ?? '', /--data-folder needs a value/)
  assert.match(problemsOf({ flags: ['--data-folder', '--admin-port=1'] })[0] ?? '', /needs a value/)
})

test('a secret is printed as [secret], and left out of the error about it', () => {
  const settings = load({ environment: { PLIMSOLL_UPSTREAM_KEY: 'sk-very-secret' } })
  assert.equal(printableSettings(settings)['upstreamKey'], '[secret]')
  assert.equal(printableSettings(load({}))['upstreamKey'], 'none')

  const [problem = ''] = problemsOf({ environment: { PLIMSOLL_UPSTREAM_KEY: 'sk very secret' } })
  assert.match(problem, /UPSTREAM_KEY takes a secret without spaces/)
  assert.doesNotMatch(problem, /very/)
})

test('a value is never repeated, wherever it was typed by mistake', (t) => {
  const secret = 'sk-ant-very-secret'
  const folder = folderWith(t, { 'data/plimsoll.json': `{ "upstreamKey": ${secret} }` })
  const cases: readonly (readonly string[])[] = [
    ['--upstreamkey', secret],
    [`--upstreamkey=${secret}`],
    ['--upstream-key', 'k', secret],
    [secret],
    [`--${secret}`],
    [`-k${secret}`],
    [`-k`, secret],
    ['--gateway-port', secret],
    ['--upstream-url', `https://user:${secret}@api.example.com`],
    ['--upstream-auth', secret],
  ]

  for (const flags of cases) {
    const said = problemsOf({ flags, folder }).join('\n')
    assert.notEqual(said, '')
    assert.doesNotMatch(said, /very|secret-/, flags.join(' '))
  }
  assert.match(problemsOf({ flags: ['--upstreamkey', secret] })[0] ?? '', /mean --upstream-key\?/)
  assert.match(problemsOf({ folder })[0] ?? '', /plimsoll\.json: This is not JSON/)
})

test('an upstream key alone means the Anthropic API, and ours goes before ANTHROPIC_API_KEY', () => {
  const common = load({ environment: { ANTHROPIC_API_KEY: 'theirs' } })
  assert.equal(common.upstreamUrl, 'https://api.anthropic.com')
  assert.equal(common.upstreamKey, 'theirs')

  const environment = { ANTHROPIC_API_KEY: 'theirs', PLIMSOLL_UPSTREAM_KEY: 'ours' }
  assert.equal(load({ environment }).upstreamKey, 'ours')
  assert.equal(load({ environment: { ANTHROPIC_API_KEY: '' } }).upstreamUrl, null)
})

test('an empty variable counts as not set', () => {
  assert.equal(load({ environment: { PLIMSOLL_GATEWAY_PORT: '' } }).gatewayPort, 4180)
})

test('a relative path starts at the folder of whoever says it', (t) => {
  const folder = folderWith(t, { 'data/plimsoll.json': '{ "plansFile": "plans.json" }' })

  assert.equal(load({ folder }).plansFile, join(folder, 'data', 'plans.json'))
  assert.equal(load({ flags: ['--plans-file=p.json'], folder }).plansFile, join(folder, 'p.json'))
})

test('a named settings file has to be there; the one in the data folder need not', (t) => {
  const folder = folderWith(t, { 'mine.json': '{ "dataFolder": "kept" }' })

  assert.equal(load({ flags: ['--config', 'mine.json'], folder }).dataFolder, join(folder, 'kept'))
  assert.match(problemsOf({ flags: ['--config', 'no.json'], folder })[0] ?? '', /cannot be read/)
})

test('a settings file that is no JSON object, or nests, or names its own place, is an error', (t) => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['{ "gatewayPort": ', /This is not JSON/],
    ['{ "adminPort": 1, "adminPort": 2 }', /"adminPort" stands twice/],
    ['[]', /has to be one JSON object/],
    ['null', /has to be one JSON object/],
    ['{ "gatewayPort": { "a": 1 } }', /takes a whole number/],
    ['{ "gatewayPort": null }', /takes a whole number/],
    ['{ "dataFolder": "elsewhere" }', /cannot be set there/],
    ['{ "config": "other.json" }', /cannot be set there/],
  ]
  for (const [content, expected] of cases) {
    const folder = folderWith(t, { 'data/plimsoll.json': content })
    assert.match(problemsOf({ folder })[0] ?? '', expected)
  }
})
