import assert from 'node:assert/strict'
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Ran } from '../../src/cli/desktop.ts'
import { nextTurn } from '../../src/system/next-turn.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import {
  openDoctorWorld,
  type DoctorOptions,
  type DoctorWorld,
  type Spoken,
} from './doctor-world.ts'

/** Waiting for the end of a refusal, and watching for the next one, with time in the test's hands. */

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const transcripts = join(import.meta.dirname, 'transcripts', 'print')

const pathIn = (world: DoctorWorld): string =>
  join(world.config, 'projects', '-home-ada-work', 's.jsonl')

function refuse(world: DoctorWorld, name: string, atMs: number): void {
  mkdirSync(join(pathIn(world), '..'), { recursive: true })
  const at = new Date(atMs).toISOString()
  const resets = Math.floor((atMs + 3 * hourMs) / 1000)
  const text = readFileSync(join(transcripts, `${name}.jsonl`), 'utf8')
    .replaceAll(/"timestamp":"[^"]+"/g, `"timestamp":"${at}"`)
    .replaceAll(/"resetsAt":\d+/g, `"resetsAt":${resets}`)
  writeFileSync(pathIn(world), text)
}

const answer = (world: DoctorWorld, atMs: number): void => {
  const record = {
    type: 'assistant',
    timestamp: new Date(atMs).toISOString(),
    message: { model: 'claude-opus-5-5', content: [] },
  }
  appendFileSync(pathIn(world), `${JSON.stringify(record)}\n`)
}

const stepsMax = 5_000

/** Lets time pass until the command has ended; `onStep` is what happens meanwhile. */
async function until(
  running: Promise<Spoken>,
  clock: ManualClock,
  onStep?: (step: number) => void,
): Promise<Spoken> {
  let spoken: Spoken | undefined
  void running.then((found) => (spoken = found))
  for (let step = 0; spoken === undefined; step += 1) {
    assert.ok(step < stepsMax, 'it did not end')
    onStep?.(step)
    clock.pass(30_000)
    for (let turn = 0; turn < 5; turn += 1) await nextTurn()
  }
  return spoken
}

const wait = (
  world: DoctorWorld,
  args: readonly string[],
  options: DoctorOptions,
): Promise<Spoken> => world.doctor(['wait', ...args], options)

test('the command runs in the folder of the refused session, and where that is gone in the one of the caller', async () => {
  using world = openDoctorWorld()
  const clock = new ManualClock()
  const work = join(world.home, 'work')
  const environment = { INIT_CWD: '/where/it/was/called' }
  const options = { clock, environment, folder: '/the/checkout' }
  refuse(world, 'session-limit', clock.wallMs() - minuteMs)
  writeFileSync(
    pathIn(world),
    readFileSync(pathIn(world), 'utf8').replaceAll('/home/ada/work', work),
  )
  const args = ['--no-notification', '--until', '1m', '--then', 'claude --continue']

  await until(wait(world, args, options), clock)
  mkdirSync(work)
  const { out } = await until(wait(world, args, options), clock)

  assert.deepEqual(world.started, [
    'claude --continue (in /where/it/was/called)',
    `claude --continue (in ${work})`,
  ])
  assert.ok(out.includes(`In ${work}: claude --continue`), out)
})

test('it waits until the reset that the refusal names, notifies, and runs the command', async () => {
  using world = openDoctorWorld()
  const clock = new ManualClock()
  const startMs = clock.wallMs()
  refuse(world, 'session-limit', startMs - minuteMs)

  const spoken = await until(wait(world, ['--then', 'claude --continue'], { clock }), clock)

  assert.equal(spoken.code, 0)
  assert.match(spoken.out, /It is over: the moment has come/)
  const passedMs = clock.wallMs() - startMs
  assert.ok(passedMs >= 3 * hourMs - minuteMs && passedMs <= 3 * hourMs + minuteMs, `${passedMs}`)
  assert.deepEqual(
    world.started.map((line) => line.split(' ')[0]),
    ['notify-send', 'claude'],
  )
})

test('a person who watches sees the countdown in one line, and hears the bell', async () => {
  using world = openDoctorWorld()
  const clock = new ManualClock()

  const options = { clock, isWatched: true }
  const spoken = await until(wait(world, ['--until', '2h', '--no-notification'], options), clock)

  assert.ok(spoken.err.startsWith('\r\u001b[K2 h 0 min 00 s left '), spoken.err)
  assert.ok(spoken.err.endsWith('\r\u001b[K'))
  assert.doesNotMatch(spoken.err, /\n|\ufffd/)
  assert.deepEqual(world.started, ['bell'])
})

test('an answer that was under way at the refusal ends nothing', async () => {
  using world = openDoctorWorld()
  const clock = new ManualClock()
  const startMs = clock.wallMs()
  refuse(world, 'session-limit', startMs - minuteMs)
  answer(world, startMs - 50_000)

  const spoken = await until(wait(world, [], { clock }), clock)

  assert.match(spoken.out, /It is over: the moment has come/)
  assert.ok(clock.wallMs() - startMs > 2 * hourMs)
})

test('it ends early when an answer shows up in a session', async () => {
  using world = openDoctorWorld()
  const clock = new ManualClock()
  const startMs = clock.wallMs()
  refuse(world, 'session-limit', startMs - minuteMs)

  const spoken = await until(wait(world, [], { clock }), clock, (step) => {
    if (step === 10) answer(world, clock.wallMs())
  })

  assert.match(spoken.out, /It is over: an answer came/)
  assert.ok(clock.wallMs() - startMs < hourMs)
})

test('a refusal without a reset is waited out by probes of the person’s own client, which are bounded and priced', async () => {
  using world = openDoctorWorld()
  const clock = new ManualClock()
  refuse(world, 'out-of-extra-usage', clock.wallMs() - minuteMs)
  let probes = 0
  const runProgram = (line: string): Ran => {
    if (!line.startsWith('claude ')) return { code: 0, output: '' }
    probes += 1
    const isRefused = probes < 4
    const result = {
      type: 'result',
      subtype: 'success',
      is_error: isRefused,
      result: isRefused ? 'Refused \u001b[2J' : 'ok',
    }
    return { code: isRefused ? 1 : 0, output: `${JSON.stringify(result)}\n` }
  }

  const spoken = await until(wait(world, ['--probe'], { clock, runProgram }), clock)

  assert.equal(spoken.code, 0)
  assert.equal(probes, 4)
  assert.match(spoken.out.replaceAll(/\s+/g, ' '), /about a cent at list prices/)
  assert.match(spoken.out, /It is over: the probe was answered/)
  assert.ok(!spoken.out.includes('\u001b'))
  assert.equal(world.started[0], 'claude -p ok --max-turns 1 --output-format json')
})

test('without leave it sends nothing', async () => {
  using world = openDoctorWorld()
  const clock = new ManualClock()
  refuse(world, 'out-of-extra-usage', clock.wallMs() - minuteMs)

  const spoken = await until(wait(world, ['--max-hours', '2'], { clock }), clock)

  assert.equal(spoken.code, 1)
  assert.match(spoken.out, /Given up: the longest wait is over/)
  assert.ok(world.started.every((line) => line.startsWith('notify-send')))
})

test('probes end after twenty', async () => {
  using world = openDoctorWorld()
  const clock = new ManualClock()
  refuse(world, 'out-of-extra-usage', clock.wallMs() - minuteMs)
  const result = { type: 'result', is_error: true, result: 'no' }
  const runProgram = (): Ran => ({ code: 1, output: JSON.stringify(result) })

  const spoken = await until(wait(world, ['--probe'], { clock, runProgram }), clock)

  assert.equal(spoken.code, 1)
  assert.equal(world.started.filter((line) => line.startsWith('claude')).length, 20)
})

test('a client that cannot be run, and nothing to wait for, are said', async () => {
  using world = openDoctorWorld()
  const clock = new ManualClock()

  const nothing = await world.doctor(['wait'], { clock })
  refuse(world, 'out-of-extra-usage', clock.wallMs() - minuteMs)
  const away = await world.doctor(['wait', '--probe', '--client', 'nowhere'], {
    clock,
    runProgram: () => ({ code: undefined, output: '' }),
  })
  const odd = await world.doctor(['wait', '--until', 'soon'], { clock })

  assert.deepEqual([nothing.code, away.code, odd.code], [2, 2, 2])
  assert.match(nothing.err, /nothing to wait for/)
  assert.match(nothing.err, /npm run plimsoll -- wait --until 2h/)
  assert.match(away.err, /nowhere could not be run/)
})

test('Ctrl-C ends the wait with 130, and runs nothing', async () => {
  using world = openDoctorWorld()
  const clock = new ManualClock()
  let interrupt = (): void => undefined
  const options = { clock, interrupt: (callback: () => void) => void (interrupt = callback) }

  const running = wait(world, ['--until', '2h', '--then', 'claude'], options)
  const spoken = await until(running, clock, (step) => {
    if (step === 3) interrupt()
  })

  assert.equal(spoken.code, 130)
  assert.deepEqual(world.started, [])
})

test('--watch speaks up at each new refusal, once, and not at old ones', async () => {
  using world = openDoctorWorld()
  const clock = new ManualClock()
  refuse(world, 'out-of-extra-usage', clock.wallMs() - hourMs)
  let interrupt = (): void => undefined
  const options = { clock, interrupt: (callback: () => void) => void (interrupt = callback) }

  const running = world.doctor(['doctor', '--watch', '--json', '--no-checkpoint'], options)
  const spoken = await until(running, clock, (step) => {
    if (step === 5) refuse(world, 'session-limit', clock.wallMs())
    if (step === 20) refuse(world, 'sign-in', clock.wallMs())
    if (step === 40) interrupt()
  })

  const verdicts = spoken.out
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { verdict: string }).verdict)
  assert.deepEqual(verdicts, ['true_limit', 'sign_in'])
  assert.equal(spoken.code, 0)
  assert.equal(world.started.length, 2)
})

test('--watch survives a folder that comes and goes', async () => {
  using world = openDoctorWorld()
  const clock = new ManualClock()
  let interrupt = (): void => undefined
  const options = { clock, interrupt: (callback: () => void) => void (interrupt = callback) }

  const running = world.doctor(['doctor', '--watch'], options)
  const spoken = await until(running, clock, (step) => {
    if (step === 3) {
      mkdirSync(join(pathIn(world), '..'), { recursive: true })
      copyFileSync(join(transcripts, 'dropped.jsonl'), pathIn(world))
    }
    if (step === 10) interrupt()
  })

  assert.equal(spoken.code, 0)
})
