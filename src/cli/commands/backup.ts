import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { BackupLine, BackupReport } from '../../admin/contract/answers.ts'
import { failureOf } from '../../admin/failures.ts'
import {
  operatorTokenSecret,
  operatorTokenState,
  type TokenState,
} from '../../admin/callers/operator-token.ts'
import { sessionSecretFile } from '../../admin/sign-in/session-secret.ts'
import { withInstallation } from '../../config/installation-words.ts'
import { shellWord } from '../../config/shell-word.ts'
import {
  checkBackup,
  restoreBackup,
  secretOf,
  type RestoreReport,
} from '../../storage/backup/restore-backup.ts'
import { BackupError } from '../../storage/storage.ts'
import { countOf, sizeText } from '../../health/check.ts'
import type { CommandContext, CommandLine } from '../command-line.ts'
import { commandText } from '../command-text.ts'
import { CliFailure, exitCodes } from '../exit-codes.ts'
import { localMoment } from '../moments.ts'
import { safeText, type Terminal } from '../terminal.ts'
import { absenceMaxMs } from '../../system/record-clock.ts'

type BackupFlags = { readonly force?: boolean; readonly verify?: boolean }
type RestoreFlags = { readonly to?: string; readonly replace?: boolean }

/** `plimsoll backup` and `plimsoll restore`: one file that holds the whole journal, checked at both ends. */
export function addBackupCommands(program: Command, cli: CommandLine): void {
  program
    .command('backup')
    .description('copy the whole journal into one file, and check the copy; the server serves on')
    .argument('<file>', 'where to; outside the data folder')
    .option('--force', 'replace an older backup of that name')
    .option('--verify', 'take none, and check the one that is there')
    .addHelpText(
      'after',
      '\nExamples:\n  npm run plimsoll -- backup /backup/plimsoll.db\n  npm run plimsoll -- backup --verify /backup/plimsoll.db\n\nIt holds customers, names and secrets: see docs/backup.md. Ends with 5 when --verify finds damage.',
    )
    .action((file: string, flags: BackupFlags, command: Command) =>
      cli.run(command, async (context) => {
        const path = resolve(context.folder, file)
        if (flags.verify === true) await verifyBackup(path, context)
        else await takeBackup(path, flags.force === true, context)
      }),
    )
  program
    .command('restore')
    .description('put a backup in the place of the journal of a stopped server, after checking it')
    .argument('<file>', 'the backup')
    .option('--to <folder>', 'into this data folder instead of the usual one')
    .option('--replace', 'keep the journal that is there under another name, and use the backup')
    .addHelpText(
      'after',
      '\nExample:\n  npm run plimsoll -- restore /backup/plimsoll.db --replace\n\nWhat was written after the backup is not in it: the answer says from when on.',
    )
    .action((file: string, flags: RestoreFlags, command: Command) =>
      cli.run(command, (context) => restore(resolve(context.folder, file), flags, context)),
    )
}

async function takeBackup(
  file: string,
  isReplacing: boolean,
  context: CommandContext,
): Promise<void> {
  const { terminal } = context
  const desk = await context.desk('reading')
  let report: BackupReport | undefined
  const show = progressOn(terminal)
  await desk
    .postForLines('/api/backup', { file, isReplacing }, (value) => {
      const line = value as BackupLine
      if (line.kind === 'report') report = line.report
      else if (line.kind === 'failure') throw new CliFailure(exitCodes.failed, line.error)
      else if (line.phase === 'copy') show.copied(line.done, line.total)
      else show.checked(line.done, line.total)
    })
    .finally(show.clear)
  if (report === undefined) {
    throw new CliFailure(exitCodes.failed, {
      code: 'backup_failed',
      message: 'The server ended before the backup was done.',
      remedy: 'Take it again; a backup that was not finished does not have its name.',
    })
  }
  const made = report
  const place = { dataFolder: context.settings.dataFolder, adminUrl: null }
  context.say(made, () =>
    [
      `Backup taken and checked: ${described(made, context)}`,
      `  ${safeText(made.file)}`,
      `  sha256 ${made.sha256}`,
      'To go back to it, stop the server, and:',
      `  ${commandText(place, `restore ${shellWord(safeText(made.file))} --replace`)}`,
    ].join('\n'),
  )
}

async function verifyBackup(file: string, context: CommandContext): Promise<void> {
  const show = progressOn(context.terminal)
  const report = await told(() => checkBackup(file, show.checked)).finally(show.clear)
  context.say(report, () =>
    [`All right: ${described(report, context)}`, `  sha256 ${report.sha256}`].join('\n'),
  )
}

async function restore(file: string, flags: RestoreFlags, context: CommandContext): Promise<void> {
  const { settings, clock, folder } = context
  const dataFolder = flags.to === undefined ? settings.dataFolder : resolve(folder, flags.to)
  const order = {
    file,
    dataFolder,
    isReplacing: flags.replace === true,
    nowMs: clock.wallMs(),
    // The backup has the sessions of then: who was signed out or removed since must not be signed in again by it.
    endedFiles: [sessionSecretFile],
  }
  const show = progressOn(context.terminal)
  const report = await told(() => restoreBackup(order, show.checked)).finally(show.clear)
  const digest = secretOf(dataFolder, operatorTokenSecret)
  const operatorToken = await operatorTokenState(dataFolder, digest)
  context.say({ ...report, operatorToken }, () =>
    restoredText({ ...report, operatorToken }, context),
  )
}

type Place = Parameters<typeof commandText>[0]
type Restored = RestoreReport & { readonly operatorToken: TokenState }

function restoredText(report: Restored, context: CommandContext): string {
  const lines = [
    `Restored and checked: ${described(report, context)}`,
    `  ${safeText(report.dataFolder)}`,
  ]
  const { replaced } = report
  if (replaced !== null) {
    lines.push(lostText(report, replaced, context), `  ${safeText(replaced.file)}`)
  }
  const place = { dataFolder: report.dataFolder, adminUrl: null }
  lines.push(...clockLines(report.lastEntryAtMs, { nowMs: context.clock.wallMs(), place }))
  lines.push(
    ...openHoldLines(report.openHoldCount),
    'Everybody signs in at the console again, with the account and password of then: look through `people list` for whoever was removed or switched off since.',
    ...tokenLines(report),
    'Then:',
    `  ${withInstallation('npm start', place)}`,
  )
  return lines.join('\n')
}

const openHoldLines = (count: number): readonly string[] =>
  count === 0
    ? []
    : [
        `${countOf(count, 'request')} ran when the backup was taken; the next start ends what ran, and nobody pays for it.`,
      ]

function tokenLines({ operatorToken, dataFolder }: Restored): readonly string[] {
  if (operatorToken === 'fits') return []
  const why =
    operatorToken === 'missing'
      ? "The operator's token is in no backup, and commands need it."
      : 'The file operator-token there is of another journal, and commands need the token of this one.'
  const make = commandText({ dataFolder, adminUrl: null }, 'operator-token new')
  return [
    `${why} Copy the file operator-token of the folder that the backup was taken from into this one, or make a new one:`,
    `  ${make}`,
  ]
}

/** A journal that ends so long ago makes a start doubt this machine's clock, until somebody confirms it. */
export function clockLines(
  lastEntryAtMs: number | null,
  { nowMs, place }: { readonly nowMs: number; readonly place: Place },
): readonly string[] {
  if (lastEntryAtMs === null || nowMs - lastEntryAtMs <= absenceMaxMs) return []
  return [
    'Its last entry is more than a day old, so windows go on from then until the upstream or you confirm the time. After the start, look, and if the clock is right, take it:',
    `  ${commandText(place, 'clock')}`,
    `  ${commandText(place, 'clock adopt')}`,
  ]
}

function lostText(
  report: RestoreReport,
  replaced: NonNullable<RestoreReport['replaced']>,
  context: CommandContext,
): string {
  const { position, lastEntryAtMs } = replaced
  if (position === null || lastEntryAtMs === null) {
    return 'The journal that was there cannot be read, so nothing is known of what came after the backup. It is kept:'
  }
  if (position <= report.position)
    return 'The journal that was there had nothing newer. It is kept:'
  const until = localMoment(lastEntryAtMs, context.reader())
  return `Entries #${report.position + 1} to #${position}, the last of ${until}, are not in the backup and do not count any more. The journal that has them is kept:`
}

function described(report: BackupReport, context: CommandContext): string {
  const { position, lastEntryAtMs, customerCount, memberCount, bytes } = report
  const until =
    lastEntryAtMs === null ? 'no entry' : `up to ${localMoment(lastEntryAtMs, context.reader())}`
  return `entries #1 to #${position}, ${until}, of ${countOf(customerCount, 'customer')} and ${countOf(memberCount, 'member')}; ${sizeText(bytes)}.`
}

type Progress = {
  readonly copied: (done: number, total: number) => void
  readonly checked: (done: number, total: number) => void
  readonly clear: () => void
}

function progressOn(terminal: Terminal): Progress {
  const show = (text: string): void => {
    if (terminal.isWatched) terminal.writeError(`\r\u001b[K${text}`)
  }
  return {
    copied: (done, total) => show(`Copied ${Math.floor((100 * done) / Math.max(total, 1))} %`),
    checked: (done, total) =>
      show(`Checked ${done.toLocaleString('en')} of ${total.toLocaleString('en')} entries`),
    clear: () => show(''),
  }
}

/** What the storage says no with, told as the admin API tells it. */
async function told<Answer>(work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof BackupError)) throw error
    const isDamaged = error.code === 'backup_damaged'
    const exitCode = isDamaged ? exitCodes.differenceFound : exitCodes.failed
    throw new CliFailure(exitCode, failureOf(error).answer.error)
  }
}
