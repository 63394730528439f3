import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { keep, keptFolder, lineOf } from '../../scripts/statusline.mjs'
import { keptStatusLines } from '../../src/doctor/figures/kept-status-lines.ts'
import { stateFolder, type Machine } from '../../src/doctor/state-folder.ts'
import { openDoctorWorld } from './doctor-world.ts'

/** What the client hands to its status line is kept for the doctor, with the time of the answer that brought it. */

const script = join(import.meta.dirname, '..', '..', 'scripts', 'statusline.mjs')
const isWindows = process.platform === 'win32'
const startMs = Date.now()
const resetsAt = Math.floor(startMs / 1000) + 3 * 3600

type Given = {
  readonly id?: string
  readonly session?: number
  readonly cost?: number
  readonly config?: string
}

const inputOf = ({
  id = 'one',
  session = 12,
  cost = 0.5,
  config = '/home/ada/.claude',
}: Given = {}) => ({
  session_id: id,
  transcript_path: `${config}/projects/-home-ada-work/${id}.jsonl`,
  model: { id: 'claude-opus-5-5', display_name: 'Opus \u001b[31m5.5' },
  cost: { total_cost_usd: cost },
  rate_limits: {
    five_hour: { used_percentage: session, resets_at: resetsAt },
    seven_day: { used_percentage: 34, resets_at: resetsAt + 86_400 },
  },
})

function place(t: TestContext): {
  readonly home: string
  readonly machine: Machine
  readonly folder: string
} {
  const home = mkdtempSync(join(tmpdir(), 'plimsoll-statusline-'))
  t.after(() => rmSync(home, { recursive: true }))
  const environment = {
    XDG_STATE_HOME: join(home, 'state'),
    CLAUDE_CONFIG_DIR: '/home/ada/.claude',
  }
  const machine: Machine = { platform: 'linux', environment, home }
  return { home, machine, folder: keptFolder(machine) }
}

async function run(
  input: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  const child = spawn(process.execPath, [script, ...args], {
    env: { PATH: process.env['PATH'], ...environment },
  })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  await once(child, 'close')
  return { code: child.exitCode, out, err }
}

test('what is kept lies where the doctor looks, on every system', () => {
  const home = '/home/ada'
  for (const environment of [{}, { XDG_STATE_HOME: '/srv/state' }, { XDG_STATE_HOME: '' }]) {
    for (const platform of ['linux', 'darwin'] as const) {
      const machine = { platform, environment, home }
      if (!isWindows) assert.equal(keptFolder(machine), join(stateFolder(machine), 'statusline'))
    }
  }
})

test('as the client calls it: one line, and the figures are kept for this user alone', async (t) => {
  const { home, folder } = place(t)
  const environment = { XDG_STATE_HOME: join(home, 'state'), TZ: 'UTC' }

  const { code, out, err } = await run(JSON.stringify(inputOf()), [], environment)

  assert.deepEqual([code, err], [0, ''])
  assert.match(
    out,
    /^5h 12% \(resets \d\d:\d\d\) · week 34% \(resets \w{3},? \d\d:\d\d\) · Opus \[31m5\.5\n$/,
  )
  const [name = ''] = readdirSync(folder)
  assert.equal(name, 'one.json')
  if (isWindows) return
  assert.equal(statSync(folder).mode & 0o777, 0o700)
  assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600)
  assert.doesNotMatch(readFileSync(join(folder, name), 'utf8'), /ada|work/)
})

test('a status line of your own gets the same input, and its output is what is shown', async (t) => {
  const { home, folder } = place(t)
  const environment = { XDG_STATE_HOME: join(home, 'state') }
  const text = JSON.stringify(inputOf())

  const echoed = await run(text, ['--then', 'cat'], environment)
  const silent = await run(text, ['--then', 'exit 3'], environment)
  const deaf = await run('x'.repeat(3_000_000), ['--then', 'echo mine'], environment)

  assert.deepEqual([echoed.code, echoed.out], [0, text])
  assert.equal(silent.code, 0)
  assert.match(silent.out, /^5h 12%/)
  assert.deepEqual([deaf.code, deaf.out.trim()], [0, 'mine'])
  assert.deepEqual(readdirSync(folder), ['one.json'])
})

test('no input and no disk make it fail the client', async (t) => {
  const { home } = place(t)
  writeFileSync(join(home, 'file'), '')
  const blocked = { XDG_STATE_HOME: join(home, 'file') }
  const environment = { XDG_STATE_HOME: join(home, 'state') }

  assert.match((await run(JSON.stringify(inputOf()), [], blocked)).out, /^5h 12%/)
  for (const input of ['', '{', 'null', '[]', '{"rate_limits":{"five_hour":7}}', '\u0000\u00ff']) {
    const { code, err } = await run(input, [], environment)
    assert.deepEqual([code, err], [0, ''], input)
  }
  assert.equal(lineOf({ rate_limits: { five_hour: { used_percentage: Number.NaN } } }), '')
})

test('figures that are handed over again keep the time of the answer that brought them', (t) => {
  const { machine, folder } = place(t)
  const timeAfter = (given: Given, afterMs: number): number | undefined => {
    keep(inputOf(given), { folder, nowMs: startMs + afterMs })
    return keptStatusLines(machine, { nowMs: startMs + afterMs })[0]?.atMs
  }

  assert.equal(timeAfter({}, 0), startMs)
  assert.equal(timeAfter({}, 5_000), startMs)
  assert.equal(timeAfter({ cost: 0.6 }, 9_000), startMs + 9_000)
  assert.equal(timeAfter({ cost: 0.6 }, 12_000), startMs + 9_000)
  assert.equal(timeAfter({ cost: 0.6, session: 13 }, 15_000), startMs + 15_000)
})

test('of several sessions the newest value counts; other folders, services and clocks do not', (t) => {
  const { machine, folder } = place(t)
  const put = (given: Given, afterMs: number, baseUrl?: string): void =>
    keep(inputOf(given), { folder, nowMs: startMs + afterMs, baseUrl })
  put({ id: 'old', session: 10 }, 1_000)
  put({ id: 'newest', session: 20 }, 3_000)
  put({ id: 'between', session: 30 }, 2_000)
  put({ id: 'foreign', session: 90, config: '/home/ada/.other' }, 4_000)
  put({ id: 'gateway', session: 91 }, 5_000, 'http://127.0.0.1:1')
  put({ id: 'ahead', session: 92 }, 3_600_000)

  const [session] = keptStatusLines(machine, { nowMs: startMs + 10_000 })
  const [own] = keptStatusLines(machine, { nowMs: startMs + 10_000, sessionId: 'gateway' })

  assert.ok(session?.name === 'session' && own?.name === 'session')
  assert.deepEqual([session.usedPercent, session.atMs], [20, startMs + 3_000])
  assert.deepEqual(session.source, {
    kind: 'official',
    what: 'status line of another session, newest',
  })
  assert.deepEqual([own.usedPercent, own.source.what], [91, 'status line of this session'])
})

test('a session whose week resets at another moment is of another account than the refused one', (t) => {
  const { machine, folder } = place(t)
  const put = (given: Given, afterMs: number, resetLaterS = 0): void => {
    const input = inputOf(given)
    const week = input.rate_limits.seven_day
    const limits = {
      ...input.rate_limits,
      seven_day: { ...week, resets_at: week.resets_at + resetLaterS },
    }
    keep({ ...input, rate_limits: limits }, { folder, nowMs: startMs + afterMs })
  }
  put({ id: 'refused', session: 60 }, 1_000)
  put({ id: 'same', session: 62 }, 2_000, 30)
  put({ id: 'somebody', session: 3 }, 3_000, 2 * 86_400)

  const used = (sessionId?: string): number | undefined => {
    const [session] = keptStatusLines(machine, { nowMs: startMs + 10_000, sessionId })
    return session?.name === 'session' ? session.usedPercent : undefined
  }

  assert.deepEqual([used('refused'), used('somebody'), used()], [62, 3, 3])
})

test('at most forty sessions are kept, none for more than eight days, and what is damaged is left out', (t) => {
  const { machine, folder } = place(t)
  keep(inputOf({ id: 'ancient' }), { folder, nowMs: startMs })
  const longAgo = startMs / 1000 - 9 * 86_400
  utimesSync(join(folder, 'ancient.json'), longAgo, longAgo)
  for (let at = 0; at < 60; at++) keep(inputOf({ id: `s${at}` }), { folder, nowMs: startMs + at })
  assert.equal(readdirSync(folder).length, 40)
  assert.ok(!readdirSync(folder).includes('ancient.json'))

  for (const name of readdirSync(folder)) writeFileSync(join(folder, name), '{"atMs":')
  mkdirSync(join(folder, 'folder.json'))
  keep(inputOf({ id: '../../outside' }), { folder, nowMs: startMs })
  assert.deepEqual(keptStatusLines(machine, { nowMs: startMs }), [])
})

test('the doctor judges with what was kept, and the command says how to have it kept', async () => {
  using world = openDoctorWorld()
  const machine: Machine = {
    platform: 'linux',
    environment: { XDG_STATE_HOME: join(world.home, 'state') },
    home: world.home,
  }
  const folder = keptFolder(machine)
  const said = ['doctor', '--message', "You're out of extra usage.", '--json']

  const before = await world.doctor(said)
  const empty = await world.doctor(['statusline'])
  keep(inputOf({ config: world.config, session: 3 }), { folder, nowMs: Date.now() })
  const once = await world.doctor(said)
  keep(inputOf({ config: world.config, session: 3, cost: 0.7 }), { folder, nowMs: Date.now() })
  const after = await world.doctor(said)
  const filled = await world.doctor(['statusline'])
  const elsewhere = await world.doctor(['doctor', '--transcript', '-', '--json'], {
    input: JSON.stringify({
      hook_event_name: 'StopFailure',
      last_assistant_message: "You're out of extra usage.",
    }),
  })

  const verdictOf = ({ out }: { readonly out: string }) =>
    (JSON.parse(out) as { readonly verdict: string }).verdict
  assert.equal(verdictOf(before), 'possibly_false')
  // What was seen once may be hours old.
  assert.equal(verdictOf(once), 'possibly_false')
  assert.equal(verdictOf(after), 'false_refusal')
  assert.equal(verdictOf(elsewhere), 'possibly_false')
  assert.match(empty.out, /"statusLine": \{[^]*statusline\.mjs[^]*Nothing is kept yet/)
  assert.match(filled.out, /session limit \(5 hours\): 3 % used/)
})

test('the refused session dates its own figures by its last answer, however much the client noted since', async () => {
  using world = openDoctorWorld()
  const machine: Machine = {
    platform: 'linux',
    environment: { XDG_STATE_HOME: join(world.home, 'state') },
    home: world.home,
  }
  const project = join(world.config, 'projects', '-home-ada-work')
  const now = Date.now()
  const record = (type: string, agoMs: number, more: object): string =>
    JSON.stringify({
      type,
      sessionId: 'one',
      timestamp: new Date(now - agoMs).toISOString(),
      ...more,
    })
  const text = "API Error: 400 You're out of extra usage. Add more at claude.ai/settings/usage."
  const content = (words: string) => [{ type: 'text', text: words }]
  mkdirSync(project, { recursive: true })
  writeFileSync(
    join(project, 'one.jsonl'),
    [
      record('user', 90_000, { message: { content: 'say hi' } }),
      record('assistant', 80_000, {
        message: { model: 'claude-opus-5-5', content: content('hi') },
      }),
      record('user', 70_000, { message: { content: 'and now' } }),
      record('api-request-blob', 65_000, { content: 'x'.repeat(300_000) }),
      record('assistant', 60_000, {
        isApiErrorMessage: true,
        apiErrorStatus: 400,
        message: { model: '<synthetic>', content: content(text) },
      }),
    ].join('\n'),
  )
  keep(inputOf({ config: world.config, session: 3 }), { folder: keptFolder(machine), nowMs: now })

  const { code, out } = await world.doctor(['doctor', '--json', '--no-checkpoint'])

  const { figures } = JSON.parse(out) as { readonly figures: readonly { readonly atMs: number }[] }
  assert.equal(code, 20, out)
  assert.deepEqual(
    figures.map(({ atMs }) => atMs),
    [now - 80_000, now - 80_000],
  )
})

test('what is kept of another service or another folder of the client is said to be left out, and why', async () => {
  using world = openDoctorWorld()
  const machine: Machine = {
    platform: 'linux',
    environment: { XDG_STATE_HOME: join(world.home, 'state') },
    home: world.home,
  }
  const folder = keptFolder(machine)
  const nowMs = Date.now()
  const baseUrl = 'http://127.0.0.1:1'
  keep(inputOf({ id: 'one', config: world.config }), { folder, nowMs, baseUrl })
  keep(inputOf({ id: 'two', config: world.config }), { folder, nowMs, baseUrl })
  keep(inputOf({ id: 'three', config: '/home/ada/.other' }), { folder, nowMs })

  const { out } = await world.doctor(['statusline'])
  const same = await world.doctor(['statusline'], { environment: { ANTHROPIC_BASE_URL: baseUrl } })

  const [said, sameSaid] = [out, same.out].map((text) => text.replaceAll(/\s+/g, ' '))
  assert.match(
    said ?? '',
    /left out: the figures of 2 sessions with another service: their ANTHROPIC_BASE_URL/,
  )
  assert.match(said ?? '', /left out: the figures of 1 session of another folder of the client/)
  assert.doesNotMatch(said ?? '', /Nothing is kept/)
  assert.match(sameSaid ?? '', /Kept, of each limit the newest/)
  assert.doesNotMatch(sameSaid ?? '', /another service/)
})
