import { spawn } from 'node:child_process'
import { CheckpointError } from './checkpoint.ts'

/**
 * The user's git, called so that it changes nothing but what it is told to: no hooks, no file-system monitor, no
 * refreshed index, no pager, no question. Paths travel as bytes, because git's paths are bytes.
 */
export type GitCall = {
  readonly cwd: string
  readonly gitDir?: string
  readonly workTree?: string
  readonly indexFile?: string
  readonly objectFolder?: string
  readonly input?: Buffer
  /** Further `name=value` settings. */
  readonly config?: readonly string[]
  readonly identity?: { readonly atMs: number }
}

export type Git = (args: readonly string[], call: GitCall) => Promise<Buffer>

/** What git printed on standard error, for people. `exitCode` is null when it could not be started. */
export class GitError extends CheckpointError {
  readonly exitCode: number | null
  constructor(message: string, exitCode: number | null) {
    super(message)
    this.exitCode = exitCode
  }
}

const outputBytesMax = 1024 * 1024 * 1024
const errorBytesMax = 64 * 1024

/** A repository may name a pipe as its list of ignored files, and git would wait for ever. */
const gitMaxMs = 120_000

export function createGit(
  environment: Readonly<Record<string, string | undefined>>,
  timeoutMs = gitMaxMs,
): Git {
  const base = withoutGit(environment)
  return (args, call) =>
    new Promise((resolve, reject) => {
      const child = spawn('git', [...settings(call.config ?? []), ...args], {
        cwd: call.cwd,
        env: { ...base, ...callEnvironment(call) },
        stdio: ['pipe', 'pipe', 'pipe'],
        windowsHide: true,
        timeout: timeoutMs,
        killSignal: 'SIGKILL',
      })
      const out = collect(outputBytesMax)
      const problem = collect(errorBytesMax)
      child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
      child.stderr.on('data', (chunk: Buffer) => problem.push(chunk))
      const said = (): string => problem.take().toString('utf8').trim()
      // Whoever stops reading early says why in its exit code.
      child.stdin.on('error', () => undefined)
      child.once('error', (cause) => reject(new GitError(startProblem(cause), null)))
      child.once('close', (code) => {
        if (code === 0) resolve(out.take())
        else reject(new GitError(code === null ? tookTooLong : said(), code ?? -1))
      })
      child.stdin.end(call.input)
    })
}

/** Hooks from nowhere; git for Windows knows this name, too. */
const noHooks = '/dev/null'

const settings = (more: readonly string[]): readonly string[] =>
  [
    `core.hooksPath=${noHooks}`,
    'core.fsmonitor=false',
    'core.untrackedCache=false',
    'core.splitIndex=false',
    'core.logAllRefUpdates=false',
    'core.quotePath=false',
    'core.safecrlf=false',
    'core.sparseCheckout=false',
    'gc.auto=0',
    'maintenance.auto=false',
    'advice.addEmbeddedRepo=false',
    'i18n.commitEncoding=utf-8',
    ...more,
  ].flatMap((setting) => ['-c', setting])

/** Variables such as GIT_DIR, set where a hook or an editor called us, would lead git somewhere else. */
function withoutGit(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !name.toUpperCase().startsWith('GIT_')),
  )
}

function callEnvironment(call: GitCall): Record<string, string> {
  const { gitDir, workTree, indexFile, objectFolder, identity } = call
  return {
    LC_ALL: 'C',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_LAZY_FETCH: '1',
    GIT_PAGER: '',
    ...(gitDir === undefined ? {} : { GIT_DIR: gitDir }),
    ...(workTree === undefined ? {} : { GIT_WORK_TREE: workTree }),
    ...(indexFile === undefined ? {} : { GIT_INDEX_FILE: indexFile }),
    ...(objectFolder === undefined ? {} : { GIT_OBJECT_DIRECTORY: objectFolder }),
    ...(identity === undefined ? {} : identityOf(identity.atMs)),
  }
}

function identityOf(atMs: number): Record<string, string> {
  const date = `${Math.floor(atMs / 1000)} +0000`
  const name = 'Plimsoll'
  const email = 'checkpoint@localhost'
  return {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
    GIT_COMMITTER_DATE: date,
  }
}

function collect(bytesMax: number): { push(chunk: Buffer): void; take(): Buffer } {
  const chunks: Buffer[] = []
  let bytes = 0
  return {
    push: (chunk) => {
      if (bytes >= bytesMax) return
      chunks.push(chunk)
      bytes += chunk.length
    },
    take: () => Buffer.concat(chunks),
  }
}

const tookTooLong =
  'git was ended, or took more than two minutes: a very large folder, or a pipe in the place of a file such as .gitignore'

const startProblem = (cause: Error): string =>
  'code' in cause && cause.code === 'ENOENT'
    ? 'git is not installed, or its folder does not exist'
    : `git cannot be started: ${cause.message}`

/** The items of a list that git ended with NUL each. */
export function itemsOf(output: Buffer): readonly Buffer[] {
  const items: Buffer[] = []
  for (let from = 0; from < output.length;) {
    const end = output.indexOf(0, from)
    const until = end === -1 ? output.length : end
    items.push(output.subarray(from, until))
    from = until + 1
  }
  return items
}

export const asList = (paths: readonly Buffer[]): Buffer =>
  Buffer.concat(paths.flatMap((path) => [path, nul]))

const nul = Buffer.from([0])
