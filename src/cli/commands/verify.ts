import type { Command } from 'commander'
import type { VerifyLine } from '../../admin/contract/answers.ts'
import type { CommandContext, CommandLine } from '../command-line.ts'
import type { Desk } from '../desk.ts'
import { CliFailure, exitCodes } from '../exit-codes.ts'
import { localMoment } from '../moments.ts'
import { paint, safeText, type Terminal } from '../terminal.ts'
import { wrap } from '../terminal.ts'

type Options = { readonly heal?: boolean }
type Report = Extract<VerifyLine, { kind: 'report' }>['report']

/** `plimsoll verify`: recomputes everything from the journal and says so. */
export function addVerifyCommand(program: Command, cli: CommandLine): void {
  program
    .command('verify')
    .description('recompute everything from the journal: chains, balances, limits, holds')
    .option('--heal', 'rewrite stored sums that differ, and record the difference in the journal')
    .addHelpText(
      'after',
      '\nExample:\n  npm run plimsoll -- verify\n\nEnds with 5 when a difference was found.',
    )
    .action((options: Options, command: Command) =>
      cli.run(command, async (context) => {
        const isHealing = options.heal === true
        const desk = await context.desk('reading')
        const report = await verifyWithProgress(desk, { isHealing, terminal: context.terminal })
        context.show(report, () => reportText(report, context))
        if (report.faults.length > 0 || report.drifts.length > 0) context.reportDifference()
      }),
    )
}

async function verifyWithProgress(
  desk: Desk,
  { isHealing, terminal }: { readonly isHealing: boolean; readonly terminal: Terminal },
): Promise<Report> {
  let report: Report | undefined
  const clear = (): void => {
    if (terminal.isWatched) terminal.writeError('\r\u001b[K')
  }
  await desk
    .postForLines('/api/verify', { isHealing }, (value) => {
      const line = value as VerifyLine
      if (line.kind === 'report') report = line.report
      else if (line.kind === 'failure') throw new CliFailure(exitCodes.failed, line.error)
      else if (terminal.isWatched) {
        const { done, total } = line
        terminal.writeError(
          `\r\u001b[KRead ${done.toLocaleString('en')} of ${total.toLocaleString('en')} entries`,
        )
      }
    })
    .finally(clear)
  if (report !== undefined) return report
  throw new CliFailure(exitCodes.failed, {
    code: 'verify_interrupted',
    message: 'The server ended before it had read everything.',
    remedy: 'Run it again; verifying changes nothing unless --heal is given.',
  })
}

function reportText(report: Report, context: CommandContext): string {
  const { terminal } = context
  const read = `${count(report.entryCount, 'entry', 'entries')} of ${count(report.customerCount, 'customer', 'customers')} and ${count(report.memberCount, 'member', 'members')}; ${count(report.openHoldCount, 'request runs', 'requests run')} now.`
  const lines = [wrap(`Read ${read}`, terminal.columns)]
  for (const fault of report.faults)
    lines.push(paint(terminal, 'red', wrap(`Damaged: ${safeText(fault)}`, terminal.columns)))
  for (const drift of report.drifts) {
    const written = `last written at entry #${drift.sincePosition} (${localMoment(drift.sinceMs, context.reader())})`
    const text = `Different: ${drift.where}, ${drift.field}: stored ${drift.stored}, recomputed ${drift.recomputed}, ${written}`
    lines.push(paint(terminal, 'yellow', wrap(safeText(text), terminal.columns)))
  }
  lines.push(
    paint(terminal, isClean(report) ? 'green' : 'red', wrap(verdict(report), terminal.columns)),
  )
  return lines.join('\n')
}

const isClean = ({ faults, drifts }: Report): boolean => faults.length + drifts.length === 0
const count = (number: number, one: string, many: string): string =>
  `${number.toLocaleString('en')} ${number === 1 ? one : many}`

function verdict(report: Report): string {
  if (isClean(report)) {
    return 'All right: every chain is whole, every entry balances, and every stored sum is what the journal says.'
  }
  if (report.faults.length > 0) {
    return 'The journal itself is damaged. Stop the server, keep a copy of the data folder, and restore a backup.'
  }
  return report.isHealed
    ? 'Stored sums differed from the journal and were put right. Decisions follow the journal, so none was wrong because of it.'
    : 'Stored sums differ from the journal. Decisions follow the journal; put the sums right with verify --heal.'
}
