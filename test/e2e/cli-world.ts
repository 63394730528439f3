import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCli } from '../../src/cli/run-cli.ts'
import { cellWidth } from '../../src/cli/terminal.ts'
import { systemRandom } from '../../src/system/random.ts'
import { createSystemClock } from '../../src/system/system-clock.ts'

/** The whole server as a process of its own, with its demo upstream and member, and the command line on it. */
export interface CliWorld extends AsyncDisposable {
  readonly folder: string
  readonly gatewayUrl: string
  readonly adminUrl: string
  readonly demoKey: string
  /** Runs one command line within this process; `terminal` changes where it writes. */
  readonly cli: (args: readonly string[], options?: CliOptions) => Promise<Ran>
  /** Sends a message of so many output tokens through the gateway. */
  ask(outputTokens: number): Promise<Response>
  /** Ends the server: in its own time, or at once like a crash. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** Starts a server that was stopped, on the same folder; answers with the address of its console. */
  startAgain(): Promise<string>
}

export type CliOptions = {
  readonly columns?: number
  readonly isColored?: boolean
  readonly environment?: Readonly<Record<string, string>>
}

export type Ran = { readonly code: number; readonly out: string; readonly err: string }

const root = join(import.meta.dirname, '..', '..')

const pagePattern = /Page +(http:[^#\s]+?)\/?#/

/** `settings` are flags of the server. */
export async function openCliWorld(settings: readonly string[] = []): Promise<CliWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-cli-'))
  const first = await startServer(folder, settings)
  const { said } = first
  let { child } = first
  const found = (pattern: RegExp): string => pattern.exec(said)?.[1] ?? ''
  const gatewayUrl = found(/Gateway +(http\S+)/)
  const demoKey = found(/Demo key +(plim_\w+)/)
  return {
    folder,
    gatewayUrl,
    demoKey,
    adminUrl: found(pagePattern),
    startAgain: async () => {
      const again = await startServer(folder, settings)
      child = again.child
      return pagePattern.exec(again.said)?.[1] ?? ''
    },
    cli: (args, options) => runCommand(folder, args, options),
    ask: async (outputTokens) => {
      const response = await fetch(`${gatewayUrl}/v1/messages`, {
        method: 'POST',
        headers: {
          'x-api-key': demoKey,
          'content-type': 'application/json',
          'x-demo-output-tokens': String(outputTokens),
        },
        body: JSON.stringify({
          model: 'claude-sonnet-4-5',
          max_tokens: 64_000,
          messages: [{ role: 'user', content: `Hello demo-output-tokens: ${outputTokens}` }],
        }),
      })
      await response.arrayBuffer()
      return response
    },
    stop: (signal) => stop(child, signal),
    async [Symbol.asyncDispose]() {
      await stop(child, 'SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function startServer(
  folder: string,
  settings: readonly string[],
): Promise<{ readonly child: ChildProcess; readonly said: string }> {
  const child = spawn(
    process.execPath,
    [
      join(root, 'src', 'main.ts'),
      '--gateway-port',
      '0',
      '--admin-port',
      '0',
      '--data-folder',
      folder,
      ...(settings.includes('--is-demo-seeded') ? [] : ['--is-demo-seeded', 'false']),
      ...settings,
    ],
    { cwd: folder, env: cleanEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  }
  while (!said.includes('Stop with Ctrl-C')) {
    const [reason] = await Promise.race([once(child.stdout ?? child, 'data'), once(child, 'exit')])
    if (typeof reason !== 'string') throw new Error(`The server did not start: ${said}`)
  }
  return { child, said }
}

/** The settings of whoever runs the tests must not reach the server under test. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const ours = /^(PLIMSOLL_|ANTHROPIC_)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)))
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}

export async function runCommand(
  folder: string,
  args: readonly string[],
  options: CliOptions = {},
): Promise<Ran> {
  const { columns = 80, isColored = false, environment = {} } = options
  let [out, err] = ['', '']
  const code = await runCli(args, {
    terminal: {
      columns,
      isColored,
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
    environment: {
      PLIMSOLL_DATA_FOLDER: folder,
      PLIMSOLL_TIME_ZONE: 'Europe/Berlin',
      ...environment,
    },
    platform: process.platform,
    home: folder,
    folder,
    version: '0.0.0-test',
    startServer: () => Promise.resolve(0),
  })
  return { code, out, err }
}

/** Lines without colours that are wider than a terminal: there should be none. */
export const tooWide = (text: string, columns: number): readonly string[] =>
  text.split('\n').filter((line) => cellWidth(line) > columns)
