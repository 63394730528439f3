import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join, parse } from 'node:path'

/** The command line: `npm run plimsoll -- <command>`. Everything it does is in `run-cli.ts`. */

const root = join(import.meta.dirname, '..', '..')
// The second call need not strip the types once more. Where nothing can be written, it just does.
enableCompileCache(join(root, '.cache', 'compiled'))
const [{ processSources }, { systemRandom }, { createSystemClock }, { runCli }] = await Promise.all(
  [
    import('../config/process-sources.ts'),
    import('../system/random.ts'),
    import('../system/system-clock.ts'),
    import('./run-cli.ts'),
  ],
)
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly version: string
}

/** Wide enough for every table, where nobody watches. */
const pipeColumns = 120

function startServer(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [join(root, 'src', 'main.ts'), ...args], {
    stdio: 'inherit',
  })
  // The terminal sends Ctrl-C to both; the server ends in its own time, and then this does.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => void child.kill('SIGTERM'))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}

/** A container's user may be a bare number: without a name, and so without a home. */
function homeFolder(): string {
  try {
    return homedir()
  } catch {
    return parse(process.cwd()).root
  }
}

/** Whoever reads the output may stop, as `head` does: the command goes on to its end, and says no more. */
function letReaderGo(stream: NodeJS.WriteStream): void {
  stream.on('error', (error) => {
    if (!('code' in error) || error.code !== 'EPIPE') throw error
  })
}

letReaderGo(process.stdout)
letReaderGo(process.stderr)
process.exitCode = await runCli(process.argv.slice(2), {
  terminal: {
    columns: process.stdout.columns ?? pipeColumns,
    isColored: process.stdout.isTTY && process.stdout.hasColors(),
    isWatched: process.stderr.isTTY,
    write: (text) => void process.stdout.write(text),
    writeError: (text) => void process.stderr.write(text),
  },
  clock: createSystemClock(),
  random: systemRandom,
  ...processSources(),
  platform: process.platform,
  home: homeFolder(),
  version,
  startServer,
})
