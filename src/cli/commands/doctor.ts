import type { Command } from 'commander'
import { askGateway, gatewayPage } from '../../doctor/ask-gateway.ts'
import { moneyNames, type Figure } from '../../doctor/verdict/evidence.ts'
import { examine, hasGoneOn, type Examination, type Finding } from '../../doctor/examine.ts'
import { usagePageOf, usagePageUrl } from '../../doctor/links.ts'
import { otherService } from '../../doctor/other-service.ts'
import { localUsage, type LocalUsage } from '../../doctor/figures/local-usage.ts'
import { stateFolder } from '../../doctor/state-folder.ts'
import type { CommandContext, CommandLine } from '../command-line.ts'
import { programName } from '../command-text.ts'
import { showAfter } from '../doctor/after.ts'
import { askForFigures } from '../doctor/ask-for-figures.ts'
import { doctorExitCodes } from '../doctor/doctor-exit-codes.ts'
import { doctorJson } from '../doctor/doctor-json.ts'
import { caseText, promptText, sentencesText, type Page } from '../doctor/doctor-text.ts'
import { estimateText } from '../doctor/estimate-text.ts'
import { figuresKept, findSession, toldFigures, type DoctorOptions } from '../doctor/given.ts'
import { keepLastCase, lastCase, type LastCase } from '../doctor/last-case.ts'
import { openPage } from '../doctor/open-page.ts'
import { makeReport } from '../doctor/report.ts'
import { rescueFiles, rescueLines, type RefusalSource, type Rescue } from '../doctor/rescue.ts'
import { watch } from '../doctor/watch.ts'

/** `plimsoll doctor`: for whoever was just refused. Reads local files, sends nothing. */
export function addDoctorCommand(program: Command, cli: CommandLine): void {
  program
    .command('doctor')
    .description(
      'just refused? whether the figures support it, and what to do; reads local files, sends nothing',
    )
    .option(
      '--transcript <file>',
      'a transcript of the client, or - for a stream or records that are piped in',
    )
    .option('--message <text>', 'what the client said, where no transcript holds it')
    .option(
      '--session-id <id>',
      'the session, by the beginning of its id; else the one that was refused last',
    )
    .option(
      '--session <percent>',
      'what the usage page says: of the session, in percent (or the id of a session)',
    )
    .option('--session-resets <span>', 'when the session resets, from now on, such as 3h20m')
    .option('--week <percent>', 'of the week')
    .option('--opus <percent>', 'of the week, for Opus')
    .option('--sonnet <percent>', 'of the week, for Sonnet')
    .option('--here', 'only sessions of the current folder')
    .option('--balance <amount>', 'money that is there')
    .option('--cap <amount>', 'the most that may be spent in a month, or unlimited')
    .option('--spent <amount>', 'spent this month')
    .option('--extra <on|off>', 'whether extra usage is switched on')
    .option('--paste', 'read the text of the usage page, or of /usage, from standard input')
    .option('--statusline <file>', 'what the client handed to a status line, kept in a file')
    .option('--after', 'compare the figures with those of the last look')
    .option(
      '--report [file]',
      'a report for support, shown before it is written; no prompts, paths, keys or names',
    )
    .option('--plan <name>', 'the plan, for the report')
    .option('--tried <what...>', 'what was tried, for the report')
    .option('--with-prompt', 'put the last prompt into the report')
    .option('--watch', 'follow the transcripts and speak up at the next refusal')
    .option('--key <key>', 'a member key, to have a Plimsoll gateway prove its refusal')
    .option('--open', 'open the usage page in the browser')
    .option('--no-checkpoint', 'keep no copy of the files')
    .option('--no-ask', 'ask no questions')
    .addHelpText('after', help)
    .action((options: DoctorOptions, command: Command) =>
      cli.runAnyway(command, (context) => runDoctor(options, context)),
    )
}

const help = `
Examples:
  npm run plimsoll -- doctor
  npm run plimsoll -- doctor --session 0 --week 12 --balance 100 --cap 50 --spent 0
  claude -p "hi" --output-format stream-json --verbose | npm run plimsoll -- doctor --transcript -`

/** Longer lines are hard to read, however wide the screen is. */
const readableColumns = 88

async function runDoctor(options: DoctorOptions, context: CommandContext): Promise<void> {
  const nowMs = context.clock.wallMs()
  const given = await toldFigures(options, context, nowMs)
  if (options.after === true) {
    const asked = given.length === 0 && isAskable(options, context)
    const now = asked ? await askForFigures(moneyNames, context, usagePageUrl) : given
    showAfter(now, ownFolder(context), context)
    return
  }
  if (options.watch === true) return watch(given, context, options.checkpoint)
  const newest = await findSession(options, context, nowMs)
  const last = lastCase(options, newest, context)
  const finding = last?.finding ?? newest
  const kept = options.transcript === undefined ? figuresKept(finding, context) : []
  const told = [...kept, ...(last?.figures ?? []), ...given]
  const caseMs = given.length === 0 ? last?.atMs : undefined
  const columns = Math.min(context.terminal.columns, readableColumns)
  const page: Page = { terminal: { ...context.terminal, columns }, reader: context.reader(nowMs) }
  let found = examineWith(finding, { figures: told, nowMs: caseMs }, context)
  const rescue = await rescueFirst(
    options,
    { finding, found, page, source: sourceOf(options, last) },
    context,
  )
  if (options.key !== undefined) found = await proven(found, options.key, context)
  if (options.open === true) await openPage(pageOf(found, context), context)
  if (isWorthAsking(found) && isAskable(options, context)) {
    const asked = await askForFigures(found.verdict.missing, context, pageOf(found, context))
    if (asked.length > 0) found = examineWith(finding, { figures: [...told, ...asked] }, context)
  }
  if (last === undefined) keepLastCase(options, found, context)
  context.endWith(found.answeredAtMs === undefined ? doctorExitCodes[found.verdict.ruling] : 0)
  if (options.report !== undefined) return makeReport(options, { finding, found }, context)
  const now = { ...page, reader: context.reader(found.atMs) }
  const estimate = estimateOf(options, context)
  context.show(doctorJson(finding, found, { checkpoint: rescue ?? null, estimate }), () =>
    [caseText(finding, found, now), estimate === undefined ? '' : estimateText(estimate, now)]
      .filter((text) => text !== '')
      .join('\n\n'),
  )
}

/** Made when all is judged, so that it cannot weigh; a transcript that was named may be another machine's. */
const estimateOf = (
  { transcript }: DoctorOptions,
  { clock, machine }: CommandContext,
): LocalUsage | undefined =>
  transcript === undefined ? localUsage(machine, { nowMs: clock.wallMs() }) : undefined

/** A gateway's refusal, decided once more by the gateway itself. */
async function proven(
  found: Examination,
  key: string,
  context: CommandContext,
): Promise<Examination> {
  const { decisionId } = found.verdict
  const baseUrl = context.machine.environment['ANTHROPIC_BASE_URL']
  const pageUrl = gatewayPage(found.refusal?.text ?? '', baseUrl)
  if (decisionId === undefined || pageUrl === undefined) return found
  const line = await askGateway({ pageUrl, decisionId, key, nowMs: found.atMs })
  const evidence = [...found.verdict.evidence, line]
  return { ...found, verdict: { ...found.verdict, evidence } }
}

function sourceOf(
  { message, transcript }: DoctorOptions,
  last: LastCase | undefined,
): RefusalSource {
  if (message !== undefined || last?.atMs !== undefined) return 'told'
  return transcript === undefined ? 'found' : 'named'
}

/** Before anything is asked or advised: the prompt and the files, so that nothing that follows can cost them. */
async function rescueFirst(
  options: DoctorOptions,
  {
    finding,
    found,
    page,
    source,
  }: {
    readonly finding: Finding
    readonly found: Examination
    readonly page: Page
    readonly source: RefusalSource
  },
  context: CommandContext,
): Promise<Rescue | undefined> {
  const write = (text: string): void => {
    if (!context.isJson) context.terminal.write(text)
  }
  const isOver = found.refusal === undefined || hasGoneOn(finding)
  if (!isOver) write(promptText(finding, page))
  if (isOver) return undefined
  if (!options.checkpoint) {
    write('\n')
    return undefined
  }
  const rescue = await rescueFiles(finding, context, source)
  write(`${sentencesText(rescueLines(rescue, context), page)}\n`)
  return rescue
}

function examineWith(
  finding: Finding,
  told: { readonly figures: readonly Figure[]; readonly nowMs?: number | undefined },
  context: CommandContext,
): Examination {
  return examine(finding, {
    figures: told.figures,
    nowMs: told.nowMs ?? context.clock.wallMs(),
    baseUrl: context.machine.environment['ANTHROPIC_BASE_URL'],
    program: programName,
  })
}

const isAskable = ({ ask }: DoctorOptions, { desktop, isJson }: CommandContext): boolean =>
  ask && desktop.isAttended && !isJson

const isWorthAsking = ({ verdict, answeredAtMs }: Examination): boolean =>
  answeredAtMs === undefined && verdict.ruling === 'possibly_false'

/** A gateway that names no page of its own is the place to look, and not the vendor. */
function pageOf({ refusal }: Examination, { machine }: CommandContext): string {
  const baseUrl = machine.environment['ANTHROPIC_BASE_URL']
  const page = usagePageOf(refusal?.text ?? '', baseUrl)
  return page === usagePageUrl ? (otherService(refusal, baseUrl)?.origin ?? page) : page
}

const ownFolder = ({ machine }: CommandContext): string => stateFolder(machine)
