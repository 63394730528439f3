import { spawn } from 'node:child_process'
import { basename } from 'node:path'
import { createInterface } from 'node:readline'

/** Running npm so that it never looks hung and its failures say what to do. Everything goes to stderr. */

/** A reason to stop that a person can do something about. */
export class InstallError extends Error {}

/**
 * Runs npm in `folder` and resolves when it has succeeded.
 * @param {string} folder
 * @param {string[]} args
 * @returns {Promise<void>}
 */
export async function runNpm(folder, args) {
  const { command, first, shell } = npmCommand()
  const startedMs = performance.now()
  const stopProgress = showProgress(startedMs)
  const quiet = ['--no-audit', '--no-fund', '--no-progress', '--loglevel=http']
  const child = spawn(command, [...first, ...args, ...quiet], {
    cwd: folder,
    shell,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  /** @param {NodeJS.Signals} signal */
  const stop = (signal) => void child.kill(signal)
  process.on('SIGINT', stop).on('SIGTERM', stop)
  let said = ''
  let isWaitTold = false
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (!/^npm (http|warn|notice|info)\b/i.test(line)) said += `${line}\n`
    const problem = /attempt \d+ failed with (\w+)/.exec(line)?.[1]
    if (problem === undefined || isWaitTold) return
    isWaitTold = true
    console.error(
      `${freshLine()}  the package registry does not answer (${problem}); npm goes on trying`,
    )
  })
  try {
    /** @type {{ code: number | null, signal: string | null }} */
    const end = await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => resolve({ code, signal }))
    })
    stopProgress()
    if (end.signal !== null) throw new InstallError('Stopped before everything was installed.')
    if (end.code !== 0) throw new InstallError(explainFailure(said, folder))
    if (said.trim() !== '') console.error(said.trim())
    console.error(`Installed in ${Math.round((performance.now() - startedMs) / 1000)} s.`)
  } catch (cause) {
    if (cause instanceof InstallError) throw cause
    throw new InstallError(explainFailure(String(cause), folder), { cause })
  } finally {
    stopProgress()
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}

/**
 * The npm that called us when there is one, else the one on the PATH.
 * @returns {{ command: string, first: string[], shell: boolean }}
 */
function npmCommand() {
  const script = process.env['npm_execpath']
  if (script !== undefined && basename(script) === 'npm-cli.js') {
    const node = process.env['npm_node_execpath'] ?? process.execPath
    return { command: node, first: [script], shell: false }
  }
  const isWindows = process.platform === 'win32'
  return { command: isWindows ? 'npm.cmd' : 'npm', first: [], shell: isWindows }
}

/**
 * @param {number} startedMs
 * @returns {() => void} ends the display; harmless when called again
 */
function showProgress(startedMs) {
  const isTerminal = process.stderr.isTTY === true
  const timer = setInterval(
    () => {
      const seconds = Math.round((performance.now() - startedMs) / 1000)
      process.stderr.write(
        isTerminal ? `\r  still installing, ${seconds} s ` : `  still installing, ${seconds} s\n`,
      )
    },
    isTerminal ? 1_000 : 10_000,
  )
  return () => {
    clearInterval(timer)
    if (isTerminal) process.stderr.write(freshLine())
  }
}

/** Takes the progress off a terminal's line. */
const freshLine = () => (process.stderr.isTTY === true ? '\r\u001b[K' : '')

/** What people can do about the failures they meet; the first that fits is told. */
/** @type {readonly (readonly [RegExp, string])[]} */
const knownFailures = [
  [
    /spawn npm|npm(\.cmd)? ENOENT|npm: not found/,
    'npm was not found. Plimsoll installs its packages with npm, which comes with Node: https://nodejs.org',
  ],
  [
    /ENOSPC/,
    'The disk is full: installing needs about 600 MB. Free some space and run the same command again.',
  ],
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network/i,
    'The package registry cannot be reached. Check the network (and the proxy, if you use one) and run the same command again.',
  ],
  [
    /EACCES|EPERM|EROFS/,
    'There is no permission to write here. Check who owns this folder, and try again.',
  ],
  [
    /EINTEGRITY/,
    'A downloaded package is not the one that the lock file names, so nothing was installed. Try again; if it stays so, clear the npm cache: npm cache clean --force',
  ],
  [
    /EUSAGE|in sync/,
    'package.json and package-lock.json do not agree; get them back with: git checkout package.json package-lock.json',
  ],
]

/** npm ends some errors with its whole usage text; what went wrong stands first. */
const detailLinesMax = 15

/**
 * @param {string} said
 * @param {string} folder
 */
function explainFailure(said, folder) {
  const meaning =
    knownFailures.find(([pattern]) => pattern.test(said))?.[1] ??
    `npm could not install the packages of ${folder}.`
  const detail = said.trim().split('\n').slice(0, detailLinesMax).join('\n')
  return detail === '' ? meaning : `${meaning}\n\nWhat npm said:\n${detail}`
}
