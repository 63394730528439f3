import { readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { startApp, type App, type AppOptions } from './app.ts'
import { loadSettings } from './config/load-settings.ts'
import { processSources } from './config/process-sources.ts'
import { printableSettings, settingsHelp } from './config/settings-table.ts'
import type { Settings } from './config/settings.ts'
import { ensureDemoMember } from './demo/demo-member.ts'
import { startDemoUpstream } from './demo/demo-upstream.ts'
import { createStoryPage } from './demo/story-page.ts'
import { welcomeText } from './demo/welcome.ts'
import { openFileLogger } from './system/pino-logger.ts'
import { systemRandom } from './system/random.ts'
import { createSystemClock } from './system/system-clock.ts'

/** Starts the server: `npm start`. The only file that does something when it is imported. */

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string
}

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
      upstream: { url: demo.url, keys: ['demo'], authStyle, name },
      isDemo: true,
      close: () => demo.close(),
    }
  }
  const url = settings.upstreamUrl ?? 'https://api.anthropic.com'
  return {
    upstream: { url, keys, authStyle, name: url },
    isDemo: false,
    close: () => Promise.resolve(),
  }
}

async function main(): Promise<void> {
  // Whoever read the first lines may be gone (`npm start | head`); serving goes on without a reader.
  process.stdout.on('error', () => {})
  const flags = process.argv.slice(2)
  if (flags.includes('--help') || flags.includes('-h')) {
    process.stdout.write(
      `Usage: npm start -- [settings]\n\nStarts the gateway, the admin API and the pages.\n\nSettings:\n${settingsHelp()}\n`,
    )
    return
  }
  const settings = loadSettings({ flags, ...processSources() })
  const clock = createSystemClock()
  const logFile = settings.logFile ?? join(settings.dataFolder, 'plimsoll.log')
  const logger = openFileLogger({ path: logFile, level: settings.logLevel })
  const system = { clock, random: systemRandom, logger }
  const chosen = await chooseUpstream(settings, system)
  const story = createStoryPage({ clock, program: join(root, 'test', 'world', 'story.ts') })
  const app = await startApp(settings, system, {
    version,
    upstream: chosen.upstream,
    mounts: [{ path: '/story', answer: (request) => story.answer(request) }],
    defaultPlans: readFileSync(join(root, 'src', 'demo', 'demo-plans.json'), 'utf8'),
  })
  const demoKey = await ensureDemoMember(app.parts, {
    overrunMaxNanos: settings.overrunMax,
    runningMax: settings.customerRunningMax,
  })
  const whereFile = join(settings.dataFolder, 'server.json')
  const { gatewayUrl, adminUrl } = app
  await writeFile(whereFile, JSON.stringify({ pid: process.pid, gatewayUrl, adminUrl }), {
    mode: 0o600,
  })
  logger.info('started', { version, gatewayUrl, adminUrl, ...printableSettings(settings) })
  process.stdout.write(
    welcomeText({
      version,
      gatewayUrl,
      adminUrl,
      logFile,
      demoKey,
      dataFolder: settings.dataFolder,
      isDemoUpstream: chosen.isDemo,
      upstreamName: chosen.upstream.name,
    }),
  )
  stopOnSignals(app, settings, async () => {
    story.close()
    await chosen.close()
    await rm(whereFile, { force: true })
  })
}

/** One request to stop may arrive several times: from the terminal, and through npm. */
const signalEchoMs = 1000

/** The first signal drains, a later one ends at once: the journal is whole either way. */
function stopOnSignals(app: App, settings: Settings, after: () => Promise<void>): void {
  const { clock } = app.parts
  let stoppingSinceMs: number | undefined
  const stop = (signal: NodeJS.Signals): void => {
    if (stoppingSinceMs !== undefined) {
      if (clock.elapsedMs() - stoppingSinceMs > signalEchoMs) process.exit(exitFailed)
      return
    }
    stoppingSinceMs = clock.elapsedMs()
    process.stdout.write(
      `\nStopping (${signal}): running requests may finish for ${settings.drainMs / 1000} s; once more ends at once.\n`,
    )
    app
      .stop(settings.drainMs)
      .then(after)
      .then(() => process.exit(0))
      .catch(fail)
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
}

/** Errors that people can do something about are told without a stack. */
function fail(error: unknown): never {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
  if (code === undefined || !(error instanceof Error)) {
    console.error(error)
    process.exit(exitFailed)
  }
  console.error(code === 'EADDRINUSE' ? portTakenText(error) : error.message)
  process.exit(code === 'settings_invalid' ? exitUsage : exitFailed)
}

function portTakenText(error: Error): string {
  const port = 'port' in error ? String(error.port) : '?'
  return (
    `Port ${port} is taken by another program. Stop that program, or choose other ports:\n` +
    '  npm start -- --gateway-port 4280 --admin-port 4281'
  )
}

main().catch(fail)
