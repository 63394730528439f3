import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { startApp, type App, type AppOptions } from './app.ts'
import { makeBooks, openPrices } from './books.ts'
import { installationWords, pastedCommand } from './config/installation-words.ts'
import { listenTrouble } from './config/listen-trouble.ts'
import { loadSettingsWithOrigins } from './config/load-settings.ts'
import { parsePlans } from './config/plans-file.ts'
import { processSources } from './config/process-sources.ts'
import { printableSettings, settingsHelp } from './config/settings-table.ts'
import type { Settings } from './config/settings.ts'
import { ensureDemoMember } from './demo/demo-member.ts'
import { startDemoUpstream } from './demo/demo-upstream.ts'
import { createStoryPage } from './demo/story-page.ts'
import { welcomeText } from './demo/welcome.ts'
import { startDrip, type Drip } from './demo/world/drip.ts'
import { demoWorldMs, makeDemoWorld } from './demo/world/make-demo-world.ts'
import { ScriptedClock } from './demo/world/scripted-clock.ts'
import { hasDemoWorld } from './operations/demo-world.ts'
import { installedNode } from './system/installed-node.ts'
import { armForcedEnd } from './system/forced-end.ts'
import type { UpgradeStep } from './storage/sqlite/migrate.ts'
import { folderTrouble } from './storage/sqlite-file/folder-trouble.ts'
import { openFileLogger, openOutputLogger, type FlushableLogger } from './system/pino-logger.ts'
import { systemRandom } from './system/random.ts'
import { createSystemClock } from './system/system-clock.ts'

/** Starts the server: `npm start`. The only file that does something when it is imported. */

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string
}

/** How the process ends; supervisors rely on these numbers. docs/running.md lists them. */
const exitFailed = 1
const exitUsage = 2

type Upstream = {
  readonly upstream: AppOptions['upstream']
  readonly isDemo: boolean
  close(): Promise<void>
}

async function chooseUpstream(
  settings: Settings,
  system: Parameters<typeof startApp>[1],
): Promise<Upstream> {
  const authStyle =
    settings.upstreamAuth === 'bearer' ? ('bearer' as const) : ('x-api-key' as const)
  const keys = (settings.upstreamKey ?? '').split(',')
  if (settings.upstreamKey === null && settings.upstreamUrl === null) {
    const { clock, random } = system
    const demo = await startDemoUpstream({ clock, random, isPaced: settings.isDemoPaced })
    const name = 'built-in demo upstream'
    return {
      upstream: { url: demo.url, keys: ['demo'], authStyle, name, isSameMachine: true },
      isDemo: true,
      close: () => demo.close(),
    }
  }
  const url = settings.upstreamUrl ?? 'https://api.anthropic.com'
  return {
    upstream: { url, keys, authStyle, name: url, isSameMachine: isLoopback(url) },
    isDemo: false,
    close: () => Promise.resolve(),
  }
}

/**
 * The first start of a demo finds weeks of invented history; a data folder that has a journal keeps its own. Answers
 * why there is none where it could not be made: a disk that has no room for it may have room for a server.
 */
async function makeDemoBooks(
  settings: Settings,
  system: Parameters<typeof startApp>[1],
  defaultPlans: string,
): Promise<string | null> {
  if (!settings.isDemoSeeded || settings.plansFile !== null) return null
  const endMs = system.clock.wallMs()
  const clock = new ScriptedClock(endMs - demoWorldMs)
  const prices = openPrices(settings)
  const world = {
    clock,
    endMs,
    plans: parsePlans(defaultPlans),
    priceOf: (model: string, atMs: number) => prices.priceOf({ model }, atMs),
    overrunMaxNanos: settings.overrunMax,
    runningMax: settings.customerRunningMax,
  }
  try {
    await makeBooks(settings, { ...system, clock, version }, async (parts) => {
      process.stderr.write(
        'Making the demo world (once): four invented customers, four weeks of requests …\n',
      )
      await makeDemoWorld(parts, world)
    })
    return null
  } catch (error) {
    // Another process owns the folder, or nothing can be kept there at all: the start itself tells that.
    return error instanceof Error ? error.message : String(error)
  }
}

function dripInto({ parts, gatewayUrl, isWatched }: App, logger: FlushableLogger): Drip {
  const onTrouble = (error: unknown): void =>
    logger.warn('a request of the demo world failed', { cause: String(error) })
  return startDrip({ parts, gatewayUrl, isWatched, onTrouble })
}

/** A proxy on this machine passes other clocks' dates on, or its own: nobody can tell, so none is believed. */
function isLoopback(url: string): boolean {
  const { hostname } = new URL(url)
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}

async function main(): Promise<void> {
  // Whoever read the first lines may be gone (`npm start | head`); serving goes on without a reader.
  process.stdout.on('error', () => {})
  process.stderr.on('error', () => {})
  const flags = process.argv.slice(2)
  if (flags.includes('--help') || flags.includes('-h')) {
    process.stdout.write(
      `Usage: npm start -- [settings]\n\nStarts the gateway, the admin API and the pages.\n\nSettings:\n${settingsHelp()}\n`,
    )
    return
  }
  const { settings, origins } = loadSettingsWithOrigins({ flags, ...processSources() })
  const clock = createSystemClock()
  const log = openLog(settings)
  endOnFaults(log.logger)
  const system = { clock, random: systemRandom, logger: log.logger }
  const chosen = await chooseUpstream(settings, system)
  const defaultPlans = readFileSync(join(root, 'src', 'demo', 'demo-plans.json'), 'utf8')
  const noWorld = chosen.isDemo ? await makeDemoBooks(settings, system, defaultPlans) : null
  const story = createStoryPage({ clock, program: join(root, 'test', 'world', 'story.ts') })
  const app = await startApp(settings, system, {
    version,
    upstream: chosen.upstream,
    consoleFolder: join(root, 'console', 'built'),
    mounts: [{ path: '/story', answer: (request) => story.answer(request) }],
    defaultPlans,
    onUpgrade: (step) => process.stderr.write(upgradeText(step)),
    logPath: log.path,
    settingOrigins: origins,
    nodePinned: installedNode(root),
  }).catch((error: unknown) => {
    throw listenTrouble(error, { flags, settings })
  })
  // The demo has no clock but this one; whoever comes back to it after a weekend finds it in the present.
  const { storage } = app.parts
  if (chosen.isDemo && storage.clockStatus().isJumpHeld) storage.adoptWallClock()
  const demoKey = await ensureDemoMember(app.parts, {
    overrunMaxNanos: settings.overrunMax,
    runningMax: settings.customerRunningMax,
  })
  const drip = chosen.isDemo && settings.isDemoAlive ? dripInto(app, log.logger) : undefined
  const whereFile = join(settings.dataFolder, 'server.json')
  const { gatewayUrl, adminUrl } = app
  await writeFile(whereFile, JSON.stringify({ pid: process.pid, gatewayUrl, adminUrl }), {
    mode: 0o600,
  })
  // Until here a signal ends the process as it ends any other, and leaves a whole journal.
  stopOnSignals({
    app,
    settings,
    logger: log.logger,
    say: log.say,
    after: async () => {
      drip?.stop()
      story.close()
      await chosen.close()
      await rm(whereFile, { force: true })
    },
  })
  await sayStarted({ app, settings, log, demoKey, isDemoUpstream: chosen.isDemo })
  if (noWorld !== null) {
    log.logger.warn('the demo world was not made', { cause: noWorld })
    process.stderr.write(
      `The demo world was not made, so there is the demo member alone: ${noWorld}\n`,
    )
  }
}

type Log = {
  readonly logger: FlushableLogger
  readonly path: string | null
  /** For people; where the log is standard output, every line there is JSON. */
  readonly say: (text: string) => void
}

/** A start that changes the format of a large journal looks as if it hung; this says what it does. */
const upgradeText = ({ from, to, bytes, copy, isDone }: UpgradeStep): string =>
  isDone
    ? `The journal has format ${to}. Once you are content with this version, remove ${copy}\n`
    : `The journal (${Math.ceil(bytes / 2 ** 20)} MiB) is changed from format ${from} to ${to}; as it is now it stays in ${copy}\n`

/** `--log-file -` is for containers and units, whose supervisor keeps what is written to standard output. */
function openLog({ logFile, dataFolder, logLevel }: Settings): Log {
  if (logFile === '-') {
    const say = (text: string): void => void process.stderr.write(text)
    return { logger: openOutputLogger(logLevel), path: null, say }
  }
  const path = logFile ?? join(dataFolder, 'plimsoll.log')
  const say = (text: string): void => void process.stdout.write(text)
  try {
    return { logger: openFileLogger({ path, level: logLevel }), path, say }
  } catch (error) {
    throw logFile === null ? folderTrouble(dataFolder, error) : error
  }
}

async function sayStarted(started: {
  readonly app: App
  readonly settings: Settings
  readonly log: Log
  readonly demoKey: string | null
  readonly isDemoUpstream: boolean
}): Promise<void> {
  const { app, settings, log, demoKey } = started
  const { gatewayUrl, adminUrl } = app
  log.logger.info('started', { ...printableSettings(settings), version, gatewayUrl, adminUrl })
  const text = welcomeText({
    version,
    gatewayUrl,
    adminUrl,
    logFile: log.path ?? 'standard output',
    demoKey,
    setUpUrl: await setUpUrlOf(app, settings),
    dataFolder: settings.dataFolder,
    installation: installationWords(settings),
    isDemoUpstream: started.isDemoUpstream,
    hasDemoWorld: await hasDemoWorld(app.parts),
    upstreamName: settings.upstreamUrl ?? 'built-in demo upstream',
  })
  log.say(text)
  app.warmUp().catch((error: unknown) => {
    const problem = error instanceof Error ? error.message : String(error)
    log.logger.error('nobody can sign in: the sign-in library does not load', { problem })
  })
  // Whoever stops it at once gets no advice.
  const facts = await app.health().catch(() => [])
  for (const { status, check, found, meaning, cure } of facts) {
    if (status === 'ok' || !checksAtStart.has(check)) continue
    log.logger.warn('the configuration needs a look', { check, found })
    const run = cure?.run ?? null
    const command = run === null ? '' : `    ${pastedCommand(run, settings)}\n`
    process.stderr.write(`${check}: ${found} ${meaning ?? ''}\n  ${cure?.say ?? ''}\n${command}`)
  }
}

/** Only who sees what the start prints becomes the operator: that a port can be reached makes nobody one. */
async function setUpUrlOf(
  { setUpCode, adminUrl }: Pick<App, 'setUpCode' | 'adminUrl'>,
  { publicPageUrl }: Pick<Settings, 'publicPageUrl'>,
): Promise<string | null> {
  const code = await setUpCode()
  const page = (publicPageUrl ?? adminUrl).replace(/\/+$/, '')
  return code === null ? null : `${page}/#setup=${code}`
}

/** What is wrong from the start and only a new start changes: told at once, not only to who asks. */
const checksAtStart: ReadonlySet<string> = new Set([
  'demo-key',
  'admin-address',
  'page-address',
  'open-files',
  'settings',
  'clock',
])

/** One request to stop may arrive several times: from the terminal, and through npm. */
const signalEchoMs = 1000
const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * The first signal drains, a later one ends at once: the journal is whole either way. A stop that hangs, on
 * whatever, is ended by force once the drain and its grace are over.
 */
function stopOnSignals(server: {
  readonly app: App
  readonly settings: Settings
  readonly logger: FlushableLogger
  readonly say: (text: string) => void
  readonly after: () => Promise<void>
}): void {
  const { app, settings, logger } = server
  const { clock } = app.parts
  let stoppingSinceMs: number | undefined
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stoppingSinceMs === undefined) {
      stoppingSinceMs = clock.elapsedMs()
      stop(signal).catch(fail)
    } else if (clock.elapsedMs() - stoppingSinceMs > signalEchoMs) {
      logger.atEnd.warn('stopped at once by a second signal', { signal })
      endBySignal(signal)
    }
  }
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    const { stopDelayMs, drainMs, stopGraceMs } = settings
    armForcedEnd(stopDelayMs + drainMs + stopGraceMs)
    logger.info('stopping', { signal, stopDelayMs, drainMs })
    server.say(
      `\nStopping (${signal}): running requests may finish for ${drainMs / 1000} s; once more ends at once.\n`,
    )
    app.beginStopping()
    if (stopDelayMs > 0) {
      await new Promise<void>((resolve) => void clock.after(stopDelayMs, resolve))
    }
    const { cutCount } = await app.stop(drainMs)
    await server.after()
    logger.info('stopped', { cutCount })
    server.say(stoppedText(cutCount))
    logger.flush()
    process.exit(0)
  }
  for (const signal of stopSignals) process.on(signal, onSignal)
}

const stoppedText = (cutCount: number): string =>
  cutCount === 0
    ? 'Stopped.\n'
    : `Stopped: ${cutCount} ${cutCount === 1 ? 'reply was' : 'replies were'} cut and settled for what was delivered.\n`

/**
 * Ends as the signal itself would have. The plain exit would wait for the thread that writes the journal,
 * which may hang on a disk; the first process of a container cannot be ended by its own signal and takes it.
 */
function endBySignal(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
  process.exit(128 + (constants.signals[signal] ?? 0))
}

/** A fault that nobody caught: what else is wrong is unknown, so the supervisor starts anew on a whole journal. */
function endOnFaults(logger: FlushableLogger): void {
  process.on('uncaughtException', (error, origin) => {
    logger.atEnd.error('the process ends by a fault of its own', {
      origin,
      error: error.stack ?? String(error),
    })
    const isTaken = 'code' in error && error.code === 'journal_taken'
    process.stderr.write(
      isTaken
        ? `Plimsoll ends, because its journal is not what it wrote: ${error.message}. See what else uses the data folder, and verify it before the next start.\n`
        : `Plimsoll ends by a fault of its own (${error.message}). Nothing acknowledged is lost; the log has more.\n`,
    )
    process.exit(exitFailed)
  })
}

/** What somebody wrote is wrong, and is as wrong at the next start. */
const saidWrong: ReadonlySet<string> = new Set([
  'settings_invalid',
  'plans_file_invalid',
  'price_overrides_invalid',
  'file_unusable',
])

/** Errors that people can do something about are told without a stack. */
function fail(error: unknown): never {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
  if (code === undefined || !(error instanceof Error)) {
    console.error(error)
    process.exit(exitFailed)
  }
  console.error(error.message)
  process.exit(saidWrong.has(code) ? exitUsage : exitFailed)
}

main().catch(fail)
