import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { openDoctorWorld, type DoctorWorld } from './doctor-world.ts'

/** The doctor as a command: what is asked, kept, compared, proved, opened and reported. */

const transcripts = join(import.meta.dirname, 'transcripts')

function refused(world: DoctorWorld, name = 'out-of-extra-usage'): void {
  const project = join(world.config, 'projects', '-home-ada-work')
  mkdirSync(project, { recursive: true })
  copyFileSync(join(transcripts, 'print', `${name}.jsonl`), join(project, 'a-session.jsonl'))
}

/** The moment of the captured refusal, so that figures told now belong to it. */
function refusedJustNow(world: DoctorWorld, name = 'out-of-extra-usage'): void {
  refused(world, name)
  const path = join(world.config, 'projects', '-home-ada-work', 'a-session.jsonl')
  const now = new Date(Date.now() - 60_000).toISOString()
  writeFileSync(
    path,
    readFileSync(path, 'utf8').replaceAll(/"timestamp":"[^"]+"/g, `"timestamp":"${now}"`),
  )
}

const transcriptPath = (world: DoctorWorld): string =>
  join(world.config, 'projects', '-home-ada-work', 'a-session.jsonl')

/** The refused session had an answer before, some minutes or hours ago; tells its id. */
function answeredJustBefore(world: DoctorWorld, beforeMs = 5 * 60_000): string {
  const path = transcriptPath(world)
  const text = readFileSync(path, 'utf8')
  const sessionId = /"sessionId":"([^"]+)"/.exec(text)?.[1] ?? ''
  const answer = {
    type: 'assistant',
    timestamp: new Date(Date.now() - beforeMs).toISOString(),
    sessionId,
    message: { model: 'claude-sonnet-5-5', content: [{ type: 'text', text: 'Done.' }] },
  }
  writeFileSync(path, `${JSON.stringify(answer)}\n${text}`)
  return sessionId
}

/** As the client hands it to a status line, again and again: this moment. */
function keepStatusLine(world: DoctorWorld, sessionId: string): string {
  const seconds = Math.floor(Date.now() / 1000)
  const windows = {
    five_hour: { used_percentage: 3, resets_at: seconds + 3600 },
    seven_day: { used_percentage: 4, resets_at: seconds + 86_400 },
  }
  const path = join(world.home, 'statusline.json')
  writeFileSync(path, JSON.stringify({ session_id: sessionId, rate_limits: windows }))
  return path
}

const story = ['--session', '0', '--week', '12', '--balance', '100', '--cap', '50', '--spent', '0']

test('a person who sits there is asked for the figures, and wrong answers are asked again', async () => {
  using world = openDoctorWorld()
  refusedJustNow(world)

  const { code, out } = await world.doctor(['doctor'], {
    answers: ['zero', '0', '', '12 %', '$100', '50', '0', ''],
  })

  assert.equal(code, 20)
  assert.match(out, /That takes a percentage from 0 to 100, such as 12/)
  assert.match(out, /A FALSE REFUSAL/)
  assert.match(out, /spent this month: \$0\.00/)
  assert.doesNotMatch(out, /in\u00a0\d+\u00a0s/)
  assert.match(out, /https:\/\/claude\.ai\/settings\/usage/)
})

test('a message can be told where no transcript holds it', async () => {
  using world = openDoctorWorld()

  const told = await world.doctor(['doctor', '--message', "You're out of extra usage.", ...story])
  const other = await world.doctor(['doctor', '--message', 'API Error: 529 Overloaded'])

  assert.deepEqual([told.code, other.code], [20, 34])
})

test('nobody is asked in a script, nor with --no-ask, and Enter leaves everything open', async () => {
  using world = openDoctorWorld()
  refusedJustNow(world)

  const silent = await world.doctor(['doctor'])
  const unasked = await world.doctor(['doctor', '--no-ask'], { answers: ['0', '12'] })
  const unanswered = await world.doctor(['doctor'], { answers: [] })

  for (const { code, out } of [silent, unasked, unanswered]) {
    assert.equal(code, 21)
    assert.match(out, /Possibly false/)
  }
})

test('figures are kept for a later look, in a folder that only this user can read', async () => {
  using world = openDoctorWorld()
  refusedJustNow(world)
  await world.doctor(['doctor', ...story])
  const folder = join(world.home, 'state', 'plimsoll', 'doctor')

  const calm = await world.doctor(['doctor', '--after', ...story])
  const charged = await world.doctor(['doctor', '--after', '--balance', '90', '--spent', '10'])
  const lost = await world.doctor(['doctor', '--after', '--balance', '80', '--spent', '10'])

  assert.equal(statSync(folder).mode & 0o777, 0o700)
  assert.equal(statSync(join(folder, 'last-look.json')).mode & 0o777, 0o600)
  assert.doesNotMatch(readFileSync(join(folder, 'last-look.json'), 'utf8'), /say hi/)
  assert.deepEqual([calm.code, charged.code, lost.code], [0, 0, 5])
  assert.match(calm.out, /Nothing was charged, and nothing moved/)
  assert.match(charged.out, /\$10\.00 was charged since/)
  assert.match(
    lost.out.replaceAll(/\s+/g, ' '),
    /\$10\.00 more went from the balance than is said to be spent/,
  )
})

test('without figures from before, or without new ones, --after says what to do', async () => {
  using world = openDoctorWorld()

  const first = await world.doctor(['doctor', '--after', '--balance', '5'])
  await world.doctor(['doctor', ...story])
  const second = await world.doctor(['doctor', '--after'])

  assert.deepEqual([first.code, second.code], [2, 2])
  assert.match(first.err, /No figures are kept/)
  for (const { err } of [first, second]) {
    assert.match(err.replaceAll(/\s+/g, ' '), /npm run plimsoll -- doctor (--after )?--balance 100/)
  }
})

test('a figure that cannot be read is told by its option, and not repeated', async () => {
  using world = openDoctorWorld()

  const { code, err } = await world.doctor(['doctor', '--week', 'sk-secret'])

  assert.equal(code, 2)
  assert.match(err, /--week takes a percentage/)
  assert.doesNotMatch(err, /secret/)
})

test('--session takes a percentage, or the beginning of an id', async () => {
  using world = openDoctorWorld()
  refusedJustNow(world)

  const percent = await world.doctor(['doctor', '--json', '--session', '7'])
  const id = await world.doctor(['doctor', '--json', '--session', 'a-sess'])
  const unknown = await world.doctor(['doctor', '--session', '12345678-none'])

  assert.match(percent.out, /"usedPercent": 7/)
  assert.equal((JSON.parse(id.out) as { verdict: string }).verdict, 'possibly_false')
  assert.equal(unknown.code, 2)
  assert.match(unknown.err, /no such session/)
})

test('what the client handed to a status line is official, in one line or in many', async () => {
  using world = openDoctorWorld()
  refusedJustNow(world)
  const path = keepStatusLine(world, answeredJustBefore(world))
  for (const indent of [0, 2]) {
    writeFileSync(path, JSON.stringify(JSON.parse(readFileSync(path, 'utf8')), null, indent))

    const { code, out } = await world.doctor(['doctor', '--statusline', path])

    assert.equal(code, 20)
    assert.match(
      out.replaceAll(/\s+/g, ' '),
      /weekly limit: 4 % used, resets .*; official \(status line\)/,
    )
  }
})

test('the status line of another session, or of one that heard nothing for hours, contradicts nothing', async () => {
  using world = openDoctorWorld()
  refusedJustNow(world)
  const other = await world.doctor(['doctor', '--statusline', keepStatusLine(world, 'another')])
  const own = answeredJustBefore(world, 3 * 3600_000)
  const stale = await world.doctor(['doctor', '--statusline', keepStatusLine(world, own)])

  assert.equal(other.code, 21)
  assert.match(
    other.out.replaceAll(/\s+/g, ' '),
    /not counted: weekly limit: 4 % used; it is what a session heard with its last answer/,
  )
  assert.equal(stale.code, 21)
  assert.match(stale.out.replaceAll(/\s+/g, ' '), /not counted: weekly limit: 4 % used/)
})

test('--here looks only at sessions of the current folder', async () => {
  using world = openDoctorWorld()
  refusedJustNow(world)

  const there = await world.doctor(['doctor', '--here'], { folder: '/home/ada/work' })
  const elsewhere = await world.doctor(['doctor', '--here'], { folder: '/home/ada/other' })

  assert.deepEqual([there.code, elsewhere.code], [21, 0], there.err)
  const said = elsewhere.out.replaceAll(/\s+/g, ' ')
  assert.match(said, /0 transcripts of sessions in \/home\/ada\/other/)
  assert.match(said, /1 transcript of other folders lies there: leave out --here/)
  assert.match(said, /npm --prefix \S+ run plimsoll -- doctor --here/)
  assert.doesNotMatch(said, /No transcripts are there/)
})

test('a file that is not there, or is a folder, is told in words, each with what to name instead', async () => {
  using world = openDoctorWorld()
  const none = join(world.home, 'none.jsonl')

  const lost = await world.doctor(['doctor', '--transcript', none])
  const kept = await world.doctor(['doctor', '--statusline', none])
  const folder = await world.doctor(['doctor', '--transcript', world.home])

  const said = (ran: typeof lost): string => ran.err.replaceAll(/\s+/g, ' ')
  assert.deepEqual([lost.code, kept.code, folder.code], [2, 2, 2])
  assert.ok(said(lost).startsWith(`There is no file ${none}. Name a transcript`), lost.err)
  assert.ok(said(kept).startsWith(`There is no file ${none}. Name the file in which`), kept.err)
  assert.match(said(folder), /is not a regular file, so it is not read\. Name a transcript/)
})

test('--open opens the page that the steps name, and nothing that a message made up', async () => {
  using world = openDoctorWorld()
  const evil = join(world.home, 'evil.jsonl')
  const text = readFileSync(join(transcripts, 'print', 'out-of-extra-usage.jsonl'), 'utf8')
  writeFileSync(
    evil,
    text.replaceAll('claude.ai/settings/usage', 'https://evil.example/settings/usage'),
  )

  await world.doctor(['doctor', '--open', '--transcript', evil])

  assert.deepEqual(world.started, ['xdg-open https://claude.ai/settings/usage'])
})

test('a browser that does not open is said, with the page to open by hand', async () => {
  using world = openDoctorWorld()
  refusedJustNow(world)

  const { err, code } = await world.doctor(['doctor', '--open'], {
    runProgram: () => ({ code: undefined, output: '' }),
  })

  assert.equal(code, 21)
  assert.match(err, /could not be opened\. The page is https:\/\/claude\.ai/)
})

test('a report is shown before it is written, written only after a yes, and never over a file', async () => {
  using world = openDoctorWorld()
  refusedJustNow(world)
  const path = join(world.home, 'refusal-report.md')
  const report = ['doctor', '--no-checkpoint', ...story, '--report']

  const no = await world.doctor(report, { answers: ['n'] })
  const wasThere = existsSync(path)
  const yes = await world.doctor(report, { answers: ['y'] })
  const again = await world.doctor([...report, path])

  assert.match(no.out, /# A refused request/)
  assert.equal(wasThere, false)
  assert.match(readFileSync(path, 'utf8'), /HTTP status: 400/)
  assert.match(yes.out, /Written to/)
  assert.equal(again.code, 2)
  assert.match(again.err.replaceAll('\n', ' '), /is there already/)
})

test('an answer of another session since makes it seem over, but the work is kept all the same', async () => {
  using world = openDoctorWorld()
  refusedJustNow(world)
  const other = join(world.config, 'projects', '-home-ada-work', 'b-session.jsonl')
  const answer = {
    type: 'assistant',
    timestamp: new Date().toISOString(),
    message: { model: 'claude-opus-5-5', content: [] },
  }
  writeFileSync(other, `${JSON.stringify(answer)}\n`)

  const { code, out } = await world.doctor(['doctor'])

  assert.equal(code, 0)
  assert.match(
    out.replaceAll(/\s+/g, ' '),
    /Another session was answered since.*Send the prompt again/,
  )
  assert.match(out, /Your last prompt[^]*No checkpoint of the files/)
  assert.doesNotMatch(out, /What to do/)
})

test('an answer of the same session since ends it: nothing to do, and exit code 0', async () => {
  using world = openDoctorWorld()
  refusedJustNow(world)
  const path = transcriptPath(world)
  const sent = new Date().toISOString()
  const answer = { type: 'assistant', timestamp: sent, message: { model: 'm', content: [] } }
  writeFileSync(path, `${readFileSync(path, 'utf8')}${JSON.stringify(answer)}\n`)

  const { code, out } = await world.doctor(['doctor'])

  assert.equal(code, 0)
  assert.match(out.replaceAll(/\s+/g, ' '), /An answer came since.*Nothing to do/)
  assert.doesNotMatch(out, /What to do|Your last prompt/)
})

test('while a limit of one model lasts, an answer of another model ends nothing', async () => {
  using world = openDoctorWorld()
  refusedJustNow(world, 'opus-limit')
  const project = join(world.config, 'projects', '-home-ada-work')
  const path = join(project, 'a-session.jsonl')
  const seconds = Math.floor(Date.now() / 1000) + 3600
  writeFileSync(
    path,
    readFileSync(path, 'utf8').replaceAll(/"resetsAt":\d+/g, `"resetsAt":${seconds}`),
  )
  const answer = {
    type: 'assistant',
    timestamp: new Date().toISOString(),
    message: { model: 'claude-sonnet-5-5', content: [] },
  }
  writeFileSync(join(project, 'b-session.jsonl'), `${JSON.stringify(answer)}\n`)

  const { code, out } = await world.doctor(['doctor'])

  assert.equal(code, 10)
  assert.match(out.replaceAll(/\s+/g, ' '), /Or go on with another model/)
})

test('an old refusal is told as old, with what to do if there is a newer one', async () => {
  using world = openDoctorWorld()
  refused(world)
  const path = join(world.config, 'projects', '-home-ada-work', 'a-session.jsonl')
  const old = new Date(Date.now() - 3 * 24 * 3_600_000).toISOString()
  writeFileSync(
    path,
    readFileSync(path, 'utf8').replaceAll(/"timestamp":"[^"]+"/g, `"timestamp":"${old}"`),
  )

  const { out } = await world.doctor(['doctor'])

  assert.match(out.replaceAll(/\s+/g, ' '), /That is a while ago\. Were you refused just now\?/)
})

test('a Plimsoll gateway is asked to prove its refusal with the key that was given, and nobody else is', async () => {
  const asked: (string | undefined)[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization}`)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ isConfirmed: true, verdict: 'Refused, and rightly so.' }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  using world = openDoctorWorld()
  const path = join(world.home, 'gateway.jsonl')
  const text = readFileSync(join(transcripts, 'print', 'plimsoll-limit.jsonl'), 'utf8')
  try {
    writeFileSync(path, text.replaceAll('http://127.0.0.1:4181', url))
    const proved = await world.doctor(['doctor', '--key', 'plim_key', '--transcript', path])
    writeFileSync(
      path,
      text.replaceAll('http://127.0.0.1:4181', url.replace('127.0.0.1', 'evil.example')),
    )
    await world.doctor(['doctor', '--key', 'plim_key', '--transcript', path])

    assert.deepEqual(asked, ['/api/me/decisions/dn_BGRlbW8EZGVtbxHSqrmfoDQE Bearer plim_key'])
    assert.match(
      proved.out.replaceAll(/\s+/g, ' '),
      /it proved the refusal anew: Refused, and rightly so/,
    )
    assert.match(proved.out, /npm run plimsoll -- explain dn_BGRlbW8EZGVtbxHSqrmfoDQE/)
  } finally {
    server.close()
  }
})

test('the files of the refused session are kept before anything is asked', async () => {
  using world = openDoctorWorld()
  refusedJustNow(world)
  const path = join(world.config, 'projects', '-home-ada-work', 'a-session.jsonl')
  const work = join(world.home, 'work')
  mkdirSync(work)
  writeFileSync(join(work, 'draft.txt'), 'two hours')
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll('/home/ada/work', work))

  const spoken = await world.doctor(['doctor', '--json'])
  const without = await world.doctor(['doctor', '--json', '--no-checkpoint'])

  const kept = (
    JSON.parse(spoken.out) as {
      rescue: { checkpoint: { kind: string; checkpoint: { folder: string } } }
    }
  ).rescue.checkpoint
  assert.deepEqual([kept.kind, kept.checkpoint.folder], ['taken', work])
  assert.match(without.out, /"checkpoint": null/)
})

test('a home folder is not kept whole, and a foreign transcript keeps nothing', async () => {
  using world = openDoctorWorld()
  refusedJustNow(world)
  const path = join(world.config, 'projects', '-home-ada-work', 'a-session.jsonl')
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll('/home/ada/work', world.home))

  const own = await world.doctor(['doctor'])
  const foreign = await world.doctor([
    'doctor',
    '--transcript',
    join(transcripts, 'print', 'session-limit.jsonl'),
  ])

  assert.match(
    own.out.replaceAll(/\s+/g, ' '),
    /No checkpoint of the files: \S+ is no project folder/,
  )
  assert.match(
    foreign.out.replaceAll(/\s+/g, ' '),
    /No checkpoint of the files: the transcript is of another folder/,
  )
})

test('with no transcripts, no data folder and no server it says where it looked', async () => {
  using world = openDoctorWorld()

  const { code, out, err } = await world.doctor(['doctor'])

  assert.deepEqual([code, err], [0, ''])
  assert.match(out, /No transcripts are there/)
})
