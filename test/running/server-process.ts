import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** The whole server as a process, started in one of the ways in which people start it, and stopped by signals. */
export interface ServerProcess {
  /** The process that was started: the server itself, or what stands between us and it. */
  readonly child: ChildProcess
  /** The server's own process. */
  readonly pid: number
  readonly gatewayUrl: string
  readonly adminUrl: string
  readonly demoKey: string
  readonly ended: Promise<Ending>
  /** Everything that was printed so far. */
  said(): string
  /** Resolves when that much was printed; rejects when the process ends before. */
  until(pattern: RegExp): Promise<void>
}

export type Ending = { readonly code: number | null; readonly signal: NodeJS.Signals | null }

export type StartOptions = {
  readonly folder: string
  readonly flags?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** The program and its first arguments; the server's flags follow. */
  readonly through?: readonly string[]
  /** Told of the process before it is up. */
  readonly onChild?: (child: ChildProcess) => void
  /** Told of everything that it prints, also before it is up. */
  readonly onSaid?: (child: ChildProcess, said: string) => void
  /** Another version's sources. */
  readonly root?: string
}

export const root = join(import.meta.dirname, '..', '..')
export const mainOf = (folder: string): string => join(folder, 'src', 'main.ts')

export async function startServer(options: StartOptions): Promise<ServerProcess> {
  const { folder, flags = [], environment = {} } = options
  const through = options.through ?? [process.execPath, mainOf(options.root ?? root)]
  const [program = '', ...first] = through
  const own = ['--gateway-port', '0', '--admin-port', '0', '--data-folder', folder]
  // Versions before this one have no such setting, and no demo world.
  if (options.root === undefined && !flags.includes('--is-demo-seeded'))
    own.push('--is-demo-seeded', 'false')
  const child = spawn(program, [...first, ...own, ...flags], {
    cwd: options.root ?? root,
    env: { ...cleanEnvironment(), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  options.onChild?.(child)
  let said = ''
  const watchers = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said += text
      options.onSaid?.(child, said)
      for (const watch of watchers) watch()
    })
  }
  const ended = once(child, 'exit').then(([code, signal]) => ({ code, signal }) as Ending)
  const until = async (pattern: RegExp): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const watch = (): void => {
      if (pattern.test(said)) resolve()
    }
    watchers.add(watch)
    watch()
    const isOver = ended.then(() => {
      if (!pattern.test(said)) throw new Error(`The server ended early: ${said}`)
    })
    await Promise.race([promise, isOver])
    watchers.delete(watch)
  }
  await until(/Stop with Ctrl-C/)
  const found = (pattern: RegExp): string => pattern.exec(said)?.[1] ?? ''
  const where = JSON.parse(readFileSync(join(folder, 'server.json'), 'utf8')) as ServerFile
  return {
    child,
    ...where,
    demoKey: found(/Demo key +(plim_\w+)/),
    ended,
    said: () => said,
    until,
  }
}

type ServerFile = Pick<ServerProcess, 'pid' | 'gatewayUrl' | 'adminUrl'>

/** The settings of whoever runs the tests must not reach the server under test. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const ours = /^(PLIMSOLL_|ANTHROPIC_|npm_|NODE_TEST)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)))
}

/** Ends the server however a test went, and waits for it. */
export async function endServer(server: ServerProcess): Promise<void> {
  if (server.child.exitCode === null && server.child.signalCode === null) {
    // Through another program, its death alone would leave the server behind.
    killQuietly(server.pid)
    server.child.kill('SIGKILL')
  }
  await server.ended
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}

export function folderFor(t: TestContext, name = 'running'): string {
  const folder = mkdtempSync(join(tmpdir(), `plimsoll-${name}-`))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'data')
}

/** The server ends with the test, also where it never came up. */
export async function startFor(t: TestContext, options: StartOptions): Promise<ServerProcess> {
  const server = await startServer({
    ...options,
    onChild: (child) => {
      t.after(() => child.kill('SIGKILL'))
      options.onChild?.(child)
    },
  })
  t.after(() => endServer(server))
  return server
}
