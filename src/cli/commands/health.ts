import type { Command } from 'commander'
import type { HealthAnswer } from '../../admin/contract/answers.ts'
import { pastedCommand } from '../../config/installation-words.ts'
import type { Settings } from '../../config/settings.ts'
import { runChecks } from '../../health/check.ts'
import { folderChecks } from '../../health/checks/folder-checks.ts'
import { stoppedChecks } from '../../health/checks/stopped-checks.ts'
import { lookAtFolder, type FolderFacts } from '../../health/folder-facts.ts'
import { worstOf, type HealthFact } from '../../operations/health.ts'
import { journalFormat } from '../../storage/sqlite-file/journal-file.ts'
import type { CommandContext, CommandLine } from '../command-line.ts'
import { CliFailure, exitCodes } from '../exit-codes.ts'
import { findServer } from '../find-desk.ts'
import { paint, safeText, wrap } from '../terminal.ts'

type Options = { readonly all?: boolean }

/** `plimsoll health`: what is wrong with this installation, what comes of it, and what to do. */
export function addHealthCommand(program: Command, cli: CommandLine): void {
  program
    .command('health')
    .description('a check-up of the server and its data folder; names each problem with its cure')
    .option('--all', 'show the checks that found nothing, too')
    .addHelpText(
      'after',
      '\nExample:\n  npm run plimsoll -- health\n\nEnds with 0 when all is well, 1 when something is bad, 6 when there are only warnings,\nand 3 when no server runs and its data folder is all right.',
    )
    .action((options: Options, command: Command) =>
      cli.run(command, async (context) => {
        const found = await lookAtAll(context)
        const facts = found.facts.map((fact) => withCommand(fact, context))
        const status = worstOf(facts)
        context.show({ ...found, status, facts }, () =>
          healthText({ ...found, facts }, { context, isAll: options.all === true }),
        )
        context.endWith(exitCodeOf(status, found.isRunning))
      }),
    )
}

type Found = {
  readonly isRunning: boolean
  readonly version: string | null
  readonly facts: readonly ShownFact[]
}
type ShownFact = HealthFact & { readonly command?: string | null }

async function lookAtAll(context: CommandContext): Promise<Found> {
  const { settings } = context
  const server = await findServer(settings)
  if (server === undefined) return lookAtStopped(context)
  try {
    const desk = await context.desk('changing')
    const { version, facts } = await desk.get<HealthAnswer>('/api/health')
    const reached = `The server answers at ${desk.place}, version ${version}.`
    return { isRunning: true, version, facts: [serverFact('ok', reached), ...facts] }
  } catch (error) {
    if (isTokenMissing(error) && settings.adminUrl === null) {
      const runs = `A server runs on the data folder ${settings.dataFolder}; without the token it was not asked.`
      const facts = [serverFact('ok', runs), ...folderFacts(settings)]
      return { isRunning: true, version: null, facts }
    }
    if (!(error instanceof CliFailure) || error.exitCode !== exitCodes.serverAway) throw error
    const away: ShownFact = {
      ...serverFact('bad', error.message),
      meaning: 'Its process is there, or its address was named, and nobody answers.',
      cure: {
        say: 'Look at its log; if it hangs, end the process and start it again.',
        run: server.pid === null ? null : `kill -9 ${server.pid}`,
      },
    }
    const rest = settings.adminUrl === null ? folderFacts(settings) : []
    return { isRunning: true, version: null, facts: [away, ...rest] }
  }
}

function lookAtStopped({ settings }: CommandContext): Found {
  const { dataFolder } = settings
  const stopped = serverFact('ok', `No server runs on the data folder ${dataFolder}.`)
  const facts = [stopped, ...runChecks(stoppedChecks, look(settings)), ...folderFacts(settings)]
  return { isRunning: false, version: null, facts }
}

const isTokenMissing = (error: unknown): boolean =>
  error instanceof CliFailure && error.code === 'operator_token_missing'

const look = ({ dataFolder, operatorToken }: Settings): FolderFacts =>
  lookAtFolder(dataFolder, { isTokenElsewhere: operatorToken !== null })

const folderFacts = (settings: Settings): readonly HealthFact[] =>
  runChecks(folderChecks(journalFormat()), look(settings))

const serverFact = (status: HealthFact['status'], found: string): HealthFact => ({
  check: 'server',
  status,
  found,
  meaning: null,
  cure: null,
})

function withCommand(fact: ShownFact, { settings }: CommandContext): ShownFact {
  const run = fact.cure?.run ?? null
  return { ...fact, command: run === null ? null : pastedCommand(run, settings) }
}

function exitCodeOf(status: HealthFact['status'], isRunning: boolean): number {
  if (status === 'bad') return exitCodes.failed
  if (!isRunning) return exitCodes.serverAway
  return status === 'warn' ? exitCodes.warned : exitCodes.ok
}

const marks = { ok: '✔', warn: '!', bad: '✖' } as const
const tones = { ok: 'green', warn: 'yellow', bad: 'red' } as const

function healthText(
  { facts, isRunning }: Found,
  { context, isAll }: { readonly context: CommandContext; readonly isAll: boolean },
): string {
  const { terminal } = context
  const shown = facts.filter(({ status, check }) => isAll || status !== 'ok' || check === 'server')
  const lines = shown.flatMap((fact) => {
    const { status, check, found, meaning, cure, command } = fact
    const isAway = check === 'server' && status === 'ok' && !isRunning
    const head = wrap(
      `${isAway ? '–' : marks[status]} ${check}: ${safeText(found)}`,
      terminal.columns,
    )
    const more = [meaning, cure?.say ?? null]
      .filter((text) => text !== null)
      .map((text) => wrap(safeText(text), terminal.columns, '  '))
    const run = command === null || command === undefined ? [] : [`    ${safeText(command)}`]
    return [isAway ? head : paint(terminal, tones[status], head), ...more, ...run]
  })
  const count = (status: HealthFact['status']): number =>
    facts.filter((fact) => fact.status === status).length
  const verdict =
    count('bad') + count('warn') === 0
      ? `All ${facts.length} checks are right${isRunning ? '' : ' that can be made without a server; start it with npm start'}.`
      : `${facts.length} checks: ${count('bad')} bad, ${count('warn')} to look at.`
  return [...lines, wrap(verdict, terminal.columns)].join('\n')
}
