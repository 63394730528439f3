import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs'
import { readdirSync, readlinkSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { CheckpointParts } from '../../src/doctor/checkpoint/checkpoint.ts'
import { systemRandom } from '../../src/system/random.ts'
import { createSystemClock } from '../../src/system/system-clock.ts'

const dayAgo = Math.floor(Date.now() / 1000) - 86_400

/** A folder of a test's own, with a git that no setting of this machine reaches. */
export class WorkTree implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'plimsoll-tree-'))
  readonly top = join(this.root, 'work tree')
  readonly environment: Readonly<Record<string, string>>
  #writes = 0

  constructor() {
    mkdirSync(this.top)
    mkdirSync(join(this.root, 'home'))
    this.environment = {
      PATH: process.env['PATH'] ?? '',
      HOME: join(this.root, 'home'),
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'Ada',
      GIT_AUTHOR_EMAIL: 'ada@example.com',
      GIT_COMMITTER_NAME: 'Ada',
      GIT_COMMITTER_EMAIL: 'ada@example.com',
      GIT_ALLOW_PROTOCOL: 'file',
    }
  }

  get parts(): CheckpointParts {
    return {
      clock: createSystemClock(),
      random: systemRandom,
      environment: this.environment,
      stateFolder: join(this.root, 'state'),
    }
  }

  git(args: readonly string[], folder = this.top): string {
    return execFileSync('git', ['-c', 'advice.detachedHead=false', ...args], {
      cwd: folder,
      env: this.environment,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }

  /** For commands that are meant to stop half-way, such as a rebase with a conflict. */
  tryGit(args: readonly string[]): void {
    try {
      this.git(args)
    } catch {
      // What they leave behind is what the test is about.
    }
  }

  write(path: string, content: string | Buffer, mode?: number): void {
    const whole = join(this.top, path)
    mkdirSync(dirname(whole), { recursive: true })
    writeFileSync(whole, content)
    if (mode !== undefined) chmodSync(whole, mode)
    // git reads files again that are as young as its index; these are to be believed by their times, each its own.
    this.#writes += 1
    utimesSync(whole, dayAgo + this.#writes, dayAgo + this.#writes)
  }

  link(path: string, target: string): void {
    mkdirSync(dirname(join(this.top, path)), { recursive: true })
    symlinkSync(target, join(this.top, path))
  }

  remove(path: string): void {
    rmSync(join(this.top, path), { recursive: true, force: true })
  }

  /** Files that git was told to ignore, with what is in ignored folders. */
  ignored(): ReadonlySet<string> {
    const output = this.git(['ls-files', '-z', '--others', '--ignored', '--exclude-standard'])
    return new Set(output.split('\0').filter((path) => path !== ''))
  }

  /** Everything of the user's that a checkpoint must leave as it is. */
  fingerprint(): Readonly<Record<string, string>> {
    const gitDir = this.git(['rev-parse', '--absolute-git-dir']).trim()
    const common = join(this.top, this.git(['rev-parse', '--git-common-dir']).trim())
    const commonDir = existsSync(common) ? common : gitDir
    const filesOf = (folder: string): readonly string[] =>
      existsSync(folder)
        ? readdirSync(folder, { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile())
            .map((entry) => join(entry.parentPath, entry.name))
        : []
    const kept = [
      ...['index', 'HEAD', 'ORIG_HEAD', 'config'].map((name) => join(gitDir, name)),
      ...['config', 'packed-refs', 'info/exclude'].map((name) => join(commonDir, name)),
      ...filesOf(join(gitDir, 'logs')),
      ...filesOf(join(commonDir, 'logs')),
      ...filesOf(join(gitDir, 'rebase-merge')),
    ]
    const digests = kept
      .filter((path) => existsSync(path))
      .map((path): [string, string] => [path, digest(readFileSync(path))])
    const refs = this.git(['for-each-ref'])
      .split('\n')
      .filter((line) => !line.includes('refs/plimsoll/'))
      .join('\n')
    return {
      ...Object.fromEntries(digests),
      refs,
      stash: this.git(['stash', 'list']),
      status: this.git(['--no-optional-locks', 'status', '--porcelain=v2', '-z']),
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}

const digest = (content: Buffer): string => createHash('sha256').update(content).digest('hex')

/** Every file below a folder as text: its kind, whether it can be executed, and its bytes. */
export function listing(
  folder: string,
  leftOut: ReadonlySet<string> = new Set(),
): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const visit = (inside: string): void => {
    for (const name of readdirSync(join(folder, inside))) {
      const path = inside === '' ? name : `${inside}/${name}`
      const whole = join(folder, path)
      const stats = lstatSync(whole)
      if (name === '.git' || leftOut.has(path)) continue
      if (stats.isSymbolicLink()) found.set(path, `link ${readlinkSync(whole)}`)
      else if (stats.isDirectory()) visit(path)
      else if (stats.isFile()) {
        const isExecutable = (stats.mode & 0o100) !== 0
        found.set(path, `${isExecutable ? 'program' : 'file'} ${digest(readFileSync(whole))}`)
      }
    }
  }
  visit('')
  return new Map([...found].toSorted(([one], [other]) => (one < other ? -1 : 1)))
}
