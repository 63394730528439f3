import assert from 'node:assert/strict'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { doctorExitCodes } from '../../src/cli/doctor/doctor-exit-codes.ts'
import type { DoctorWorld } from './doctor-world.ts'

/** Transcripts that are damaged, or written by somebody who wants to steer the reader's terminal. */

export const transcriptFolder = join(import.meta.dirname, 'transcripts')
export const corpus: readonly string[] = globSync('{print,stream,screen}/*.jsonl', {
  cwd: transcriptFolder,
}).sort()

/** A small generator, so that a failure names a seed that does it again. */
export function randomOf(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761 + 1
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * below)
  }
}

const steering = [
  '\u001b]0;owned\u0007',
  '\u001b]8;;https://evil.example\u0007click\u001b]8;;\u0007',
  '\u001b[2J\u001b[1;1H',
  '\u009b31m',
  '\u202etxt.exe',
  '\u2066hidden\u2069',
  '\u2028',
  '\r',
  '\u0000',
  '\u200b',
  '\ud800',
]

type Mutate = (bytes: Buffer, random: (below: number) => number) => Buffer
const mutations: Readonly<Record<string, Mutate>> = {
  'bytes flipped': (bytes, random) => {
    const copy = Buffer.from(bytes)
    for (let count = 0; count < 40; count += 1) copy[random(copy.length)] = random(256)
    return copy
  },
  'cut off': (bytes, random) => bytes.subarray(0, random(bytes.length)),
  'begun late': (bytes, random) => bytes.subarray(random(bytes.length)),
  'without line ends': (bytes) => Buffer.from(bytes.toString().replaceAll('\n', '')),
  'twice, run together': (bytes, random) =>
    Buffer.concat([bytes.subarray(0, random(bytes.length)), bytes]),
  'texts that steer': (bytes, random) => {
    const evil = (): string => JSON.stringify(steering[random(steering.length)]).slice(1, -1)
    const text = bytes
      .toString()
      .replaceAll(
        /(?<="(?:text|content|lastPrompt|version|entrypoint|cwd|sessionId|requestId|result|error)":")/g,
        evil,
      )
    return Buffer.from(text)
  },
  'wrong types': (bytes, random) =>
    Buffer.from(
      bytes
        .toString()
        .replaceAll(
          /:(?:"[^"]*"|\d+|true|false|null)/g,
          (value) =>
            [value, value, ':null', ':[]', ':{"a":1}', ':-1e308', ':"x"'][random(7)] ?? value,
        ),
    ),
  noise: (_, random) => Buffer.from(Array.from({ length: 20_000 }, () => random(256))),
}

/** In JSON an invisible letter stays what it is; whatever steers is an escape there. */
const steersText = /[^\P{Cc}\n]|\p{Cf}|[\u2028\u2029]|\p{Cs}/u
const steersJson = /[^\P{Cc}\n]|\p{Bidi_Control}|[\u2028\u2029]|\p{Cs}/u

const codes = new Set(Object.values(doctorExitCodes))
const kinds = Object.entries(mutations)

/** How many kinds of damage there are; a seed does one of them. */
export const kindOfSeed = (seed: number): string => kinds[seed % kinds.length]?.[0] ?? ''

/** Lets the doctor look at one of them. Fails when it crashes, claims too much, or lets something through that steers. */
export async function attack(world: DoctorWorld, seed: number): Promise<void> {
  const path = join(world.home, 'hostile.jsonl')
  const random = randomOf(seed)
  const mutate = kinds[seed % kinds.length]?.[1]
  const name = corpus[random(corpus.length)]
  assert.ok(mutate !== undefined && name !== undefined)
  writeFileSync(path, mutate(readFileSync(join(transcriptFolder, name)), random))
  const flags = seed % 3 === 0 ? ['--json'] : seed % 3 === 1 ? [] : ['--report']

  const spoken = await world.doctor(['doctor', '--transcript', path, ...flags])

  const what = `seed ${seed}, ${name}, ${kindOfSeed(seed)}: ${JSON.stringify(spoken)}`
  assert.ok(codes.has(spoken.code), what)
  const steers = flags.includes('--json') ? steersJson : steersText
  assert.doesNotMatch(spoken.out + spoken.err, steers, what)
  assert.notEqual(spoken.code, doctorExitCodes.false_refusal, what)
  if (flags.includes('--json')) JSON.parse(spoken.out)
}
