import { Command, CommanderError } from 'commander'
import {
  loadSettings,
  loadWhatIsRight,
  SettingsError,
  type SettingSources,
} from '../config/load-settings.ts'
import { withInstallation } from '../config/installation-words.ts'
import type { Settings } from '../config/settings.ts'
import { formatMoney } from '../core/money.ts'
import type { Clock } from '../system/clock.ts'
import { freshId, type Random } from '../system/random.ts'
import type { CommandContext, CommandLine } from './command-line.ts'
import { commandsFor } from './command-list.ts'
import type { Desk } from './desk.ts'
import type { Desktop } from './desktop.ts'
import { CliFailure, exitCodes, wrongUse } from './exit-codes.ts'
import { findDesk } from './find-desk.ts'
import { systemDesktop } from './system-desktop.ts'
import { guardTerminal, paint, safeText, wrap, type Terminal } from './terminal.ts'

/** The outside world of the command line, as values; tests bring their own. */
export type CliWorld = {
  readonly terminal: Terminal
  readonly clock: Clock
  readonly random: Random
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly platform: NodeJS.Platform
  /** The user's home folder. */
  readonly home: string
  /** The current folder. */
  readonly folder: string
  readonly version: string
  /** The machine itself; what asks a server does without. */
  readonly desktop?: Desktop
  startServer(args: readonly string[]): Promise<number>
}

/** Runs one command line and answers with its exit code. */
export async function runCli(args: readonly string[], outside: CliWorld): Promise<number> {
  let exitCode: number = exitCodes.ok
  const isJson = args.includes('--json')
  const world = { ...outside, terminal: guardTerminal(outside.terminal, isJson) }
  const program = createProgram(world, isJson)
  const cli: CommandLine = {
    run: async (command, work) => {
      exitCode = await runCommand(command, work, { world, read: readSettings })
    },
    runAnyway: async (command, work) => {
      exitCode = await runCommand(command, work, { world, read: readWhatIsRight })
    },
    startServer: async (serverArgs) => {
      exitCode = await world.startServer(serverArgs)
    },
  }
  for (const add of await commandsFor(args)) add(program, cli)
  try {
    await program.parseAsync([...args], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Help and version are thrown as well; what they asked for is already written.
    if (error.exitCode === 0) return exitCodes.ok
    if (isJson) writeFailure(world.terminal, misused(error), { isJson, retryKey: undefined })
    return exitCodes.wrongUse
  }
  return exitCode
}

/** What the parser found, as a failure; its words for people are left out where JSON is asked for. */
function misused(error: CommanderError): CliFailure {
  const isCommandMissing = error.code === 'commander.help'
  const message = isCommandMissing ? 'No command was named.' : parserText(error.message)
  return wrongUse(message.replace(/^error: /, ''), 'Add --help to see how it is used.')
}

/** An option that does not exist is named without its value, which may be a secret; words too many are mostly one name. */
const parserText = (message: string): string =>
  message
    .replace(/(unknown option '[^'=]*)=[^\n]*'/, "$1'")
    .replace(
      /(too many arguments [^\n]*\.)/,
      '$1 Put quotes around a text with spaces; a switch takes no value.',
    )

function createProgram({ terminal, version }: CliWorld, isJson: boolean): Command {
  const helpWidth = Math.min(terminal.columns, 100)
  return new Command('npm run plimsoll --')
    .usage('<command> [options]')
    .description(
      'Plimsoll: what is left of plan limits and extra usage, what was charged, and why.',
    )
    .version(version)
    .option('--json', 'answer in JSON, for scripts')
    .option('--data-folder <folder>', 'the data folder of the server (default: data)')
    .option('--admin-url <url>', 'the admin API, where the data folder is elsewhere')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.write(text),
      writeErr: (text) => {
        if (!isJson) terminal.writeError(text)
      },
      outputError: (text, write) => write(parserText(text)),
      getOutHelpWidth: () => helpWidth,
      getErrHelpWidth: () => helpWidth,
    })
    .showHelpAfterError('Add --help to see how it is used.')
    .exitOverride()
}

async function runCommand(
  command: Command,
  work: (context: CommandContext) => Promise<void>,
  { world, read }: { readonly world: CliWorld; readonly read: typeof readSettings },
): Promise<number> {
  const { terminal, clock } = world
  const options: Record<string, unknown> = command.optsWithGlobals()
  const isJson = options['json'] === true
  const given = options['idempotencyKey']
  const idempotencyKey = typeof given === 'string' ? given : freshId(world.random, 'cli')
  let desk: Desk | undefined
  let place: Settings | undefined
  let exitCode: number = exitCodes.ok
  const show: CommandContext['show'] = (answer, text) => {
    terminal.write(`${isJson ? JSON.stringify(answer, null, 2) : text()}\n`)
  }
  try {
    const settings = read(world, options)
    place = settings
    const { timeZone, currencySymbol } = settings
    await work({
      settings,
      terminal,
      clock,
      random: world.random,
      version: world.version,
      machine: { platform: world.platform, environment: world.environment, home: world.home },
      // npm runs scripts in the checkout, and says here where it was called.
      folder: world.environment['INIT_CWD'] ?? world.folder,
      isJson,
      desktop: world.desktop ?? systemDesktop(),
      desk: async (use) => (desk ??= await findDesk({ world, settings, idempotencyKey }, use)),
      reader: (nowMs = clock.wallMs()) => ({ nowMs, zone: timeZone }),
      money: (amount) => formatMoney(BigInt(amount), currencySymbol),
      show,
      say: (answer, text) => show(answer, () => wrapSentences(text(), terminal.columns)),
      reportDifference: () => {
        exitCode = exitCodes.differenceFound
      },
      endWith: (code) => {
        exitCode = code
      },
    })
  } catch (error) {
    const failure = asFailure(error)
    writeFailure(terminal, failure, {
      isJson,
      place,
      retryKey: desk?.hasUnknownOutcome === true ? idempotencyKey : undefined,
    })
    exitCode = failure.exitCode
  } finally {
    await desk?.close()
  }
  return exitCode
}

const readSettings = (world: CliWorld, options: Record<string, unknown>): Settings =>
  loadSettings(settingSources(world, options))

/** Whoever was just refused is not to mend a server's settings first. */
function readWhatIsRight(world: CliWorld, options: Record<string, unknown>): Settings {
  const { terminal } = world
  const { settings, problems } = loadWhatIsRight(settingSources(world, options))
  const [first, ...more] = problems
  if (first === undefined) return settings
  const rest = more.length === 0 ? '' : ` (and ${more.length} more)`
  const message = `Settings that are wrong are ignored here: ${safeText(first)}${rest}`
  terminal.writeError(
    options['json'] === true
      ? `${JSON.stringify({ warning: { code: 'settings_invalid', message } })}\n`
      : `${paint(terminal, 'yellow', wrap(message, terminal.columns))}\n`,
  )
  return settings
}

function settingSources(world: CliWorld, options: Record<string, unknown>): SettingSources {
  const flags: string[] = []
  if (typeof options['dataFolder'] === 'string') flags.push('--data-folder', options['dataFolder'])
  if (typeof options['adminUrl'] === 'string') flags.push('--admin-url', options['adminUrl'])
  return { flags, environment: world.environment, folder: world.folder }
}

/** Failures have something to do about them; anything else is a bug and keeps its stack. */
function asFailure(error: unknown): CliFailure {
  if (error instanceof CliFailure) return error
  if (error instanceof SettingsError) {
    return new CliFailure(exitCodes.wrongUse, {
      code: error.code,
      message: error.message,
      remedy: 'The settings are listed in docs/settings.md.',
    })
  }
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    const { code, message } = error
    if (code === 'checkpoint_failed') {
      return new CliFailure(exitCodes.failed, { code, message, remedy: 'See docs/checkpoints.md.' })
    }
    const isOwned = code === 'data_folder_owned'
    const remedy = isOwned ? 'See whether it runs: npm run plimsoll -- status.' : 'See docs/cli.md.'
    const exitCode = isOwned ? exitCodes.serverAway : exitCodes.failed
    return new CliFailure(exitCode, { code, message, remedy })
  }
  throw error
}

function writeFailure(
  terminal: Terminal,
  failure: CliFailure,
  how: {
    readonly isJson: boolean
    readonly retryKey: string | undefined
    /** Unknown where not even the settings could be read. */
    readonly place?: Settings | undefined
  },
): void {
  const { code, message } = failure
  const remedy =
    how.place === undefined ? failure.remedy : withInstallation(failure.remedy, how.place)
  const { retryKey } = how
  if (how.isJson) {
    const idempotencyKey = retryKey === undefined ? {} : { idempotencyKey: retryKey }
    terminal.writeError(
      `${JSON.stringify({ error: { code, message, remedy, ...idempotencyKey } })}\n`,
    )
    return
  }
  const safe = message.split('\n').map(safeText).join('\n')
  terminal.writeError(`${paint(terminal, 'red', wrapSentences(safe, terminal.columns))}\n`)
  terminal.writeError(`${wrap(safeText(remedy), terminal.columns)}\n`)
  if (retryKey !== undefined) {
    terminal.writeError(
      `To repeat the command without doing it twice, add:\n  --idempotency-key ${retryKey}\n`,
    )
  }
}

/** Indented lines are commands to copy, or lists: those stay whole. */
const wrapSentences = (text: string, columns: number): string =>
  text
    .split('\n')
    .map((line) => (line.startsWith('  ') ? line : wrap(line, columns)))
    .join('\n')
