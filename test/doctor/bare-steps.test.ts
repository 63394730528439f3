import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ManualClock } from '../contract/manual-clock.ts'
import { openDoctorWorld, type DoctorWorld, type Spoken } from './doctor-world.ts'

/** What the steps say is run as it is printed, a few minutes later. */

const message = "You're out of extra usage."
const figures = [
  '--session',
  '0',
  '--week',
  '12',
  '--balance',
  '100',
  '--cap',
  '50',
  '--spent',
  '0',
]
const minuteMs = 60_000

function commandIn({ out }: Spoken, words: string): readonly string[] {
  const line = out.split('\n').find((each) => each.includes(`plimsoll -- doctor ${words}`))
  assert.ok(line !== undefined, out)
  return line.replace(/^.*plimsoll -- /, '').split(' ')
}

/** A captured refusal, a minute ago by the world's clock. */
function refused(world: DoctorWorld, atMs: number): void {
  const project = join(world.config, 'projects', '-home-ada-work')
  mkdirSync(project, { recursive: true })
  const path = join(project, 'a-session.jsonl')
  copyFileSync(join(import.meta.dirname, 'transcripts', 'print', 'out-of-extra-usage.jsonl'), path)
  const moment = new Date(atMs).toISOString()
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, text.replaceAll(/"timestamp":"[^"]+"/g, `"timestamp":"${moment}"`))
}

test('after a message that was told, the report and the comparison work as they are printed', async () => {
  using world = openDoctorWorld()
  const clock = new ManualClock()
  const first = await world.doctor(['doctor', '--message', message, ...figures], { clock })
  clock.pass(20 * minuteMs)

  const report = await world.doctor(commandIn(first, '--report'), { clock })
  const after = await world.doctor(commandIn(first, '--after'), { clock })

  assert.equal(report.code, 20, report.err)
  for (const { out } of [first, report]) assert.match(out, /a message that is told names no folder/)
  assert.match(report.out, /> You're out of extra usage\./)
  assert.match(report.out, /balance: \$100\.00/)
  assert.match(report.out, /A FALSE REFUSAL/)
  assert.equal(after.code, 0, after.err)
  assert.match(after.out, /Nothing was charged/)
})

test('the report of a refusal that was found has the figures that were told about it a moment before', async () => {
  using world = openDoctorWorld()
  const clock = new ManualClock()
  refused(world, clock.wallMs() - minuteMs)
  const first = await world.doctor(['doctor', ...figures], { clock })
  clock.pass(20 * minuteMs)

  const report = await world.doctor(commandIn(first, '--report'), { clock })

  assert.equal(report.code, 20, report.err)
  assert.match(report.out, /weekly limit: 12 % used/)
})

test('a message that was told without figures is reported, too', async () => {
  using world = openDoctorWorld()
  const clock = new ManualClock()
  const first = await world.doctor(['doctor', '--message', message], { clock })

  const report = await world.doctor(commandIn(first, '--report'), { clock })

  assert.match(report.out, /> You're out of extra usage\./)
})

test('a refusal that is newer than what was told, or was looked at since, is the one that is reported', async () => {
  using world = openDoctorWorld()
  const clock = new ManualClock()
  refused(world, clock.wallMs() - minuteMs)
  await world.doctor(['doctor', '--message', 'API Error: 529 Overloaded'], { clock })
  const told = await world.doctor(['doctor', '--report'], { clock })
  await world.doctor(['doctor'], { clock })
  const looked = await world.doctor(['doctor', '--report'], { clock })
  await world.doctor(['doctor', '--message', 'API Error: 529 Overloaded'], { clock })
  clock.pass(minuteMs)
  refused(world, clock.wallMs())
  clock.pass(minuteMs)
  const newer = await world.doctor(['doctor', '--report'], { clock })
  await world.doctor(['doctor', '--message', 'API Error: 529 Overloaded'], { clock })
  const named = await world.doctor(['doctor', '--report', '--session-id', 'a-sess'], { clock })

  assert.match(told.out, /> API Error: 529/)
  for (const { out } of [looked, newer, named]) assert.match(out, /> .*out of extra usage/)
})
