import { execFileSync } from 'node:child_process'
import { runCli } from '../../src/cli/run-cli.ts'
import type { HealthFact } from '../../src/operations/health.ts'
import { systemRandom } from '../../src/system/random.ts'
import { createSystemClock } from '../../src/system/system-clock.ts'

/** The command line on one data folder, as a person at a shell has it. */
export type Shown = HealthFact & { readonly command: string | null }
export type Health = {
  readonly code: number
  readonly status: HealthFact['status']
  readonly facts: readonly Shown[]
  of(check: string): Shown
}

export type Ran = { readonly code: number; readonly out: string; readonly err: string }

export async function cliOn(folder: string, args: readonly string[]): Promise<Ran> {
  let [out, err] = ['', '']
  const code = await runCli(args, {
    terminal: {
      columns: 80,
      isColored: false,
      isWatched: false,
      write: (text) => {
        out += text
      },
      writeError: (text) => {
        err += text
      },
    },
    clock: createSystemClock(),
    random: systemRandom,
    environment: { PLIMSOLL_DATA_FOLDER: folder },
    platform: process.platform,
    home: folder,
    folder,
    version: '0.0.0-test',
    startServer: () => Promise.resolve(0),
  })
  return { code, out, err }
}

export async function healthOf(folder: string): Promise<Health> {
  const { code, out, err } = await cliOn(folder, ['health', '--json'])
  if (out === '') throw new Error(err)
  const answer = JSON.parse(out) as Pick<Health, 'status' | 'facts'>
  const of = (check: string): Shown => {
    const fact = answer.facts.find((each) => each.check === check)
    if (fact === undefined) throw new Error(`There is no check "${check}"`)
    return fact
  }
  return { code, ...answer, of }
}

/** Carries out the command that a cure names, as it stands there. */
export async function apply(folder: string, { check, command }: Shown): Promise<Ran> {
  if (command === null) throw new Error(`The cure of "${check}" has no command`)
  const words = /^npm run plimsoll -- (.*)$/.exec(command)?.[1]
  if (words !== undefined) return cliOn(folder, words.split(' '))
  const out = execFileSync('sh', ['-c', command], { encoding: 'utf8', timeout: 60_000 })
  return { code: 0, out, err: '' }
}
