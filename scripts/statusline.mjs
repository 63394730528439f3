import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * The client's status line: `node <checkout>/scripts/statusline.mjs [--then '<your own command>']`. It keeps the
 * official figures that the client hands over, for the doctor, and prints them in one line, or what your own command makes of
 * the same input. It runs on any Node from 20 on, uses nothing else, and never fails the client.
 */

/** @typedef {Readonly<Record<string, unknown>>} Fields */
/** @typedef {{ platform: string, environment: Readonly<Record<string, string | undefined>>, home: string }} Machine */

const inputBytesMax = 1024 * 1024
const outputBytesMax = 64 * 1024
const sessionsMax = 40
const keptMaxMs = 8 * 24 * 60 * 60 * 1000
const claimPattern = /^[a-z][a-z_]{1,39}$/

/**
 * The folder in which `src/doctor/state-folder.ts` looks, which an older Node cannot load.
 * @param {Machine} machine
 */
export function keptFolder({ platform, environment, home }) {
  const state = environment['XDG_STATE_HOME'] || join(home, '.local', 'state')
  const base =
    platform === 'win32'
      ? (environment['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'))
      : platform === 'darwin'
        ? join(home, 'Library', 'Application Support')
        : state
  return join(base, 'plimsoll', 'doctor', 'statusline')
}

/**
 * @param {unknown} value
 * @returns {Fields | undefined}
 */
const asFields = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? /** @type {Fields} */ (value)
    : undefined

/** @param {unknown} value */
const asText = (value) => (typeof value === 'string' ? value : '')

/**
 * @param {unknown} value
 * @returns {Fields | undefined}
 */
function limitsOf(value) {
  const known = Object.entries(asFields(value) ?? {}).flatMap(([claim, given]) => {
    const { used_percentage: used, resets_at: resets } = asFields(given) ?? {}
    if (!claimPattern.test(claim) || typeof used !== 'number' || !(used >= 0)) return []
    const reset = typeof resets === 'number' ? { resets_at: resets } : {}
    return [[claim, { used_percentage: used, ...reset }]]
  })
  return known.length === 0 ? undefined : Object.fromEntries(known.slice(0, 8))
}

/**
 * Keeps a session's last figures. The client hands the same ones over again and again; their time is that of the first,
 * or of the last answer that cost something since: only an answer brings new ones.
 * @param {Fields} input
 * @param {{ folder: string, nowMs: number, baseUrl?: string | undefined }} place
 */
export function keep(input, { folder, nowMs, baseUrl }) {
  const limits = limitsOf(input['rate_limits'])
  const sessionId = asText(input['session_id'])
  if (limits === undefined || !/^[\w-]{1,64}$/.test(sessionId)) return
  const path = join(folder, `${sessionId}.json`)
  const before = readKept(path)
  const cost = asFields(input['cost'])?.['total_cost_usd']
  const costUsd = typeof cost === 'number' ? cost : null
  const isSame = JSON.stringify(before?.['rate_limits']) === JSON.stringify(limits)
  const paid = before?.['costUsd']
  const isPaid = costUsd !== null && typeof paid === 'number' && costUsd > paid
  const since = before?.['atMs']
  if (isSame && !isPaid && typeof since === 'number' && since <= nowMs) return
  const origin = { home: homeOf(input), service: digest(baseUrl ?? '') }
  // The first may be hours old already; of what changes, the moment is seen.
  const isTimed = before !== undefined
  const kept = { version: 1, session_id: sessionId, ...origin, atMs: nowMs, isTimed, costUsd }
  if (before === undefined) makeRoom(folder, nowMs)
  const fresh = `${path}.${process.pid}.new`
  writeFileSync(fresh, JSON.stringify({ ...kept, rate_limits: limits }), { mode: 0o600 })
  renameSync(fresh, path)
}

/** @param {string} text */
const digest = (text) => createHash('sha256').update(text).digest('hex')

/**
 * The client's folder as a digest: two folders may be two accounts.
 * @param {Fields} input
 */
function homeOf(input) {
  const path = asText(input['transcript_path'])
  const folder = /^(.+?)[\\/]projects[\\/][^\\/]+[\\/][^\\/]+$/.exec(path)?.[1]
  return folder === undefined ? null : digest(folder)
}

/**
 * @param {string} path
 * @returns {Fields | undefined}
 */
function readKept(path) {
  try {
    return asFields(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return undefined
  }
}

/**
 * @param {string} folder
 * @param {number} nowMs
 */
function makeRoom(folder, nowMs) {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  // A folder that was there before may be open to others.
  chmodSync(folder, 0o700)
  const files = readdirSync(folder).map((name) => {
    const path = join(folder, name)
    return { path, atMs: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }
  })
  files.sort((left, right) => right.atMs - left.atMs)
  const old = files.filter(({ atMs }, at) => at >= sessionsMax - 1 || nowMs - atMs > keptMaxMs)
  for (const { path } of old) rmSync(path, { force: true })
}

/**
 * "5h 12% (14:03) · week 34% (Mon 09:00) · Opus"
 * @param {Fields} input
 */
export function lineOf(input) {
  const limits = asFields(input['rate_limits'])
  const model = asFields(input['model'])
  const name = asText(model?.['display_name']) || asText(model?.['id'])
  const parts = [
    windowText('5h', limits?.['five_hour'], { hour: '2-digit', minute: '2-digit' }),
    windowText('week', limits?.['seven_day'], {
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
    }),
    name.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '').slice(0, 60),
  ]
  return parts.filter((part) => part !== '').join(' · ')
}

/**
 * @param {string} title
 * @param {unknown} given
 * @param {Intl.DateTimeFormatOptions} format
 */
function windowText(title, given, format) {
  const { used_percentage: used, resets_at: resets } = asFields(given) ?? {}
  if (typeof used !== 'number' || !Number.isFinite(used)) return ''
  const percent = `${title} ${Math.floor(used)}%`
  if (typeof resets !== 'number' || !(resets > 0 && resets < 1e10)) return percent
  const at = new Intl.DateTimeFormat('en-GB', { ...format, hourCycle: 'h23' })
  return `${percent} (resets ${at.format(resets * 1000)})`
}

/** @returns {Promise<Buffer>} */
async function readInput() {
  const chunks = []
  let bytes = 0
  for await (const chunk of process.stdin) {
    bytes += chunk.length
    if (bytes > inputBytesMax) break
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/**
 * What a person's own command prints for the same input; nothing when it cannot be run.
 * @param {string} line
 * @param {Buffer} input
 * @returns {Promise<string>}
 */
function outputOf(line, input) {
  return new Promise((resolve) => {
    const child = spawn(line, { shell: true, stdio: ['pipe', 'pipe', 'ignore'] })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      if (output.length < outputBytesMax) output += text
    })
    process.once('SIGTERM', () => void child.kill())
    child.once('error', () => resolve(''))
    child.once('close', () => resolve(output))
    // It need not read what it is given.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}

/** @param {string[]} args */
async function main(args) {
  if (process.stdin.isTTY) {
    console.log('This is for the client: npm run plimsoll -- statusline says how to set it up.')
    return
  }
  const bytes = await readInput()
  const then = args[0] === '--then' ? args[1] : undefined
  const output = then === undefined ? undefined : outputOf(then, bytes)
  let line = ''
  try {
    const input = asFields(JSON.parse(bytes.toString('utf8'))) ?? {}
    line = lineOf(input)
    const { platform, env: environment } = process
    const folder = keptFolder({ platform, environment, home: homedir() })
    keep(input, { folder, nowMs: Date.now(), baseUrl: environment['ANTHROPIC_BASE_URL'] })
  } catch {
    // A full disk or an unknown input is no reason to show the person nothing.
  }
  process.stdout.write((await output) || `${line}\n`)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.stdout.on('error', () => {})
  process.on('uncaughtException', () => process.exit(0))
  await main(process.argv.slice(2))
}
