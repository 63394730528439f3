import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Desktop, Ran } from '../../src/cli/desktop.ts'
import { runCli } from '../../src/cli/run-cli.ts'
import type { Clock } from '../../src/system/clock.ts'
import { systemRandom } from '../../src/system/random.ts'
import { createSystemClock } from '../../src/system/system-clock.ts'

/** The doctor as somebody calls it, with a home, a browser and a keyboard that the test has in its hands. */
export interface DoctorWorld extends Disposable {
  readonly home: string
  /** `CLAUDE_CONFIG_DIR` of the person. */
  readonly config: string
  /** Programs that were started, each as one line. */
  readonly started: readonly string[]
  doctor(args: readonly string[], options?: DoctorOptions): Promise<Spoken>
}

export type DoctorOptions = {
  readonly columns?: number
  /** What is piped in. */
  readonly input?: string
  /** What a person types, question by question; none means that nobody sits there. */
  readonly answers?: readonly string[]
  readonly clock?: Clock
  readonly environment?: Readonly<Record<string, string>>
  readonly folder?: string
  readonly config?: string
  readonly runProgram?: (line: string) => Ran
  readonly isWatched?: boolean
  readonly interrupt?: (callback: () => void) => void
  readonly onOut?: (text: string) => void
}

export type Spoken = { readonly code: number; readonly out: string; readonly err: string }

export function openDoctorWorld(): DoctorWorld {
  const home = mkdtempSync(join(tmpdir(), 'plimsoll-doctor-'))
  const config = join(home, '.claude')
  const started: string[] = []
  const doctor = async (args: readonly string[], options: DoctorOptions = {}): Promise<Spoken> => {
    let [out, err] = ['', '']
    const desktop = fakeDesktop(options, started)
    const code = await runCli(args, {
      terminal: {
        columns: options.columns ?? 80,
        isColored: false,
        isWatched: options.isWatched ?? false,
        write: (text) => {
          out += text
          options.onOut?.(text)
        },
        writeError: (text) => {
          err += text
        },
      },
      clock: options.clock ?? createSystemClock(),
      random: systemRandom,
      environment: {
        PATH: process.env['PATH'],
        CLAUDE_CONFIG_DIR: options.config ?? config,
        XDG_STATE_HOME: join(home, 'state'),
        PLIMSOLL_TIME_ZONE: 'UTC',
        ...options.environment,
      },
      platform: 'linux',
      home,
      folder: options.folder ?? home,
      version: '0.0.0-test',
      desktop,
      startServer: () => Promise.resolve(0),
    })
    return { code, out, err }
  }
  return {
    home,
    config,
    started,
    doctor,
    [Symbol.dispose]: () => rmSync(home, { recursive: true, force: true }),
  }
}

function fakeDesktop(options: DoctorOptions, started: string[]): Desktop {
  const answers = [...(options.answers ?? [])]
  return {
    isAttended: options.answers !== undefined,
    readInput: (bytesMax) => Promise.resolve((options.input ?? '').slice(-bytesMax)),
    ask: () => Promise.resolve(answers.shift() ?? ''),
    run: (program, args) => {
      const line = [program, ...args].join(' ')
      started.push(line)
      return Promise.resolve(options.runProgram?.(line) ?? { code: 0, output: '' })
    },
    runLine: (line, folder) => {
      started.push(`${line} (in ${folder})`)
      return Promise.resolve(0)
    },
    ring: () => void started.push('bell'),
    onInterrupt: (callback) => {
      options.interrupt?.(callback)
      return () => undefined
    },
    onOutputClosed: () => () => undefined,
    stayAwake: () => () => undefined,
  }
}
