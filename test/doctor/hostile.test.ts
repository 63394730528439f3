import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { cellWidth } from '../../src/cli/terminal.ts'
import { openDoctorWorld } from './doctor-world.ts'
import { attack, corpus, randomOf, transcriptFolder } from './hostile-transcripts.ts'

/** Transcripts that are damaged, endless, or written by somebody who wants to steer the reader's terminal. */

const folder = transcriptFolder
const source = join(import.meta.dirname, '..', '..', 'src', 'doctor')

test('two hundred damaged and hostile transcripts: no crash, no lie, nothing that steers a terminal', async () => {
  using world = openDoctorWorld()
  for (let seed = 0; seed < 200; seed += 1) await attack(world, seed)
})

test('lines fit 80 columns, but for what is to be copied', async () => {
  using world = openDoctorWorld()
  for (const name of corpus.filter((each) => each.startsWith('print'))) {
    const { out } = await world.doctor([
      'doctor',
      '--transcript',
      join(folder, name),
      '--week',
      '12',
      '--session',
      '0',
    ])
    const wide = out
      .split('\n')
      .filter((line) => cellWidth(line) > 80 && !/^ {2,6}(npm|https?:)/.test(line))
    assert.deepEqual(wide, [], name)
  }
})

test('records that say nothing about a refusal change no verdict', async () => {
  using world = openDoctorWorld()
  const path = join(world.home, 'more.jsonl')
  const irrelevant = [
    { type: 'attachment', timestamp: '2026-11-27T11:00:00.000Z', attachment: { type: 'date' } },
    { type: 'file-history-snapshot', snapshot: {} },
    { type: 'progress', data: "You're out of extra usage" },
    { type: 'api-request', params: { isApiErrorMessage: true } },
    { type: 'system', subtype: 'local_command', content: 'API Error: 529' },
    { nothing: 'at all' },
  ].map((record) => JSON.stringify(record))
  for (const [index, name] of corpus.filter((each) => !each.startsWith('stream')).entries()) {
    const lines = readFileSync(join(folder, name), 'utf8').trim().split('\n')
    const random = randomOf(index)
    const more = lines.flatMap((line) => [line, irrelevant[random(irrelevant.length)] ?? ''])
    writeFileSync(path, [...irrelevant, ...more, ''].join('\n'))

    const plain = await world.doctor(['doctor', '--json', '--transcript', join(folder, name)])
    const longer = await world.doctor(['doctor', '--json', '--transcript', path])

    const told = ({ out }: { readonly out: string }): unknown => {
      const { verdict, confidence, refusal } = JSON.parse(out) as Record<string, unknown>
      return { verdict, confidence, refusal }
    }
    assert.deepEqual(told(longer), told(plain), name)
  }
})

/** Reads a transcript in a process of its own and tells its greatest size in memory. */
function readAlone(path: string): {
  readonly text: string | undefined
  readonly megabytes: number
  /** Of the processor, which other programs that want it do not make more. */
  readonly ms: number
} {
  const script = `
    const { readNamed } = await import(${JSON.stringify(join(source, 'transcript', 'last-refusal.ts'))})
    const before = process.resourceUsage().maxRSS
    const start = process.cpuUsage()
    const { session } = readNamed(${JSON.stringify(path)}, { nowMs: Date.now() })
    const { user, system } = process.cpuUsage(start)
    const ms = (user + system) / 1000
    console.log(JSON.stringify({ text: session?.refusal?.text, megabytes: (process.resourceUsage().maxRSS - before) / 1024, ms }))`
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  })
  return JSON.parse(out) as ReturnType<typeof readAlone>
}

const refusedLine = readFileSync(join(folder, 'print', 'out-of-extra-usage.jsonl'), 'utf8')

test('a gigabyte is read from its end, in memory that does not grow with it', () => {
  using world = openDoctorWorld()
  const path = join(world.home, 'huge.jsonl')
  const file = openSync(path, 'w')
  ftruncateSync(file, 1024 ** 3)
  writeSync(file, `\n${refusedLine}`, 1024 ** 3)
  closeSync(file)

  const { text, megabytes, ms } = readAlone(path)

  assert.match(text ?? '', /out of extra usage/)
  assert.ok(megabytes < 100, `${megabytes} MB`)
  assert.ok(ms < 5_000, `${ms} ms`)
})

test('a gigabyte without a refusal near its end is left after a bound', () => {
  using world = openDoctorWorld()
  const path = join(world.home, 'endless.jsonl')
  const file = openSync(path, 'w')
  writeSync(file, refusedLine)
  ftruncateSync(file, 1024 ** 3)
  closeSync(file)

  const { text, megabytes } = readAlone(path)

  assert.equal(text, undefined)
  assert.ok(megabytes < 150, `${megabytes} MB`)
})

test(
  'links, pipes and devices are not read, whoever names them',
  { skip: process.platform === 'win32' },
  async () => {
    using world = openDoctorWorld()
    const project = join(world.config, 'projects', '-home-ada-work')
    mkdirSync(project, { recursive: true })
    writeFileSync(join(world.home, 'secret.jsonl'), refusedLine)
    symlinkSync(join(world.home, 'secret.jsonl'), join(project, 'link.jsonl'))
    spawnSync('mkfifo', [join(project, 'pipe.jsonl')])

    const found = await world.doctor(['doctor', '--json'])
    const named = [
      join(project, 'link.jsonl'),
      join(project, 'pipe.jsonl'),
      '/dev/zero',
      world.home,
    ]
    const answers = await Promise.all(
      named.map((path) => world.doctor(['doctor', '--transcript', path])),
    )

    const { verdict, looked } = JSON.parse(found.out) as {
      verdict: string
      looked: { refused: string[] }
    }
    assert.equal(verdict, 'no_refusal')
    assert.deepEqual(looked.refused.sort(), [
      join(project, 'link.jsonl'),
      join(project, 'pipe.jsonl'),
    ])
    for (const { code, err } of answers) {
      assert.equal(code, 2)
      assert.match(err.replaceAll('\n', ' '), /not a regular file/)
    }
  },
)

test('a folder that cannot be read is named', { skip: process.platform === 'win32' }, async () => {
  using world = openDoctorWorld()
  mkdirSync(world.config, { recursive: true })
  // A link to itself is what even the administrator cannot read.
  symlinkSync('projects', join(world.config, 'projects'))

  const { out, code } = await world.doctor(['doctor'])

  assert.equal(code, 0)
  assert.match(out.replaceAll(/\s+/g, ' '), /Not readable by you: \S*projects/)
})

test('the newest refusal of five hundred sessions wins, and its session is the one that is rescued', async () => {
  using world = openDoctorWorld()
  const project = join(world.config, 'projects', '-home-ada-work')
  mkdirSync(project, { recursive: true })
  const stamp = (minute: number): string => new Date(Date.now() - minute * 60_000).toISOString()
  for (let index = 0; index < 500; index += 1) {
    const path = join(project, `session-${index}.jsonl`)
    const minute = index === 321 ? 1 : index + 10
    const text = refusedLine.replaceAll(/"timestamp":"[^"]+"/g, `"timestamp":"${stamp(minute)}"`)
    const file = openSync(path, 'w')
    ftruncateSync(file, 5 * 1024 * 1024)
    writeSync(file, `\n${text.replaceAll('say hi', `prompt ${index}`)}`, 5 * 1024 * 1024)
    closeSync(file)
  }

  const { out } = await world.doctor(['doctor', '--json'])

  const told = JSON.parse(out) as { rescue: { lastPrompt: string }; looked: { files: number } }
  assert.equal(told.rescue.lastPrompt, 'prompt 321')
})
