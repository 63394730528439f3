import type { Command } from 'commander'
import type { ExplanationAnswer } from '../../admin/contract/answers.ts'
import type { CommandContext, CommandLine } from '../command-line.ts'
import { localMomentToTheSecond } from '../moments.ts'
import { paint, safeText, table, wrap } from '../terminal.ts'

type Options = { readonly all?: boolean }

/** `plimsoll explain`: decides once more from the journal, and shows the numbers. */
export function addExplainCommand(program: Command, cli: CommandLine): void {
  program
    .command('explain')
    .description('why a request was admitted or refused, recomputed from the journal')
    .argument('<decision>', 'the decision id of a refusal, or a hold id from the history')
    .option('--all', 'every journal entry that is kept for it, not only the last ten')
    .addHelpText('after', '\nExample:\n  npm run plimsoll -- explain dn_BGRlbW8EZGVtb64C…')
    .action((decision: string, options: Options, command: Command) =>
      cli.run(command, async (context) => {
        const desk = await context.desk('reading')
        const path = `/api/decisions/${encodeURIComponent(decision.trim())}`
        const explanation = await desk.get<ExplanationAnswer>(path)
        const entriesMax = options.all === true ? Infinity : 10
        context.show(explanation, () => explanationText(explanation, context, entriesMax))
        if (!explanation.isConfirmed) context.reportDifference()
      }),
    )
}

function explanationText(
  explanation: ExplanationAnswer,
  context: CommandContext,
  entriesMax: number,
): string {
  const { terminal } = context
  const { steps, help, facts } = explanation
  const moment = localMomentToTheSecond(explanation.atMs, context.reader())
  const asked = `${safeText(facts.model)}, up to ${facts.maxTokens.toLocaleString('en')} tokens of output, member ${explanation.memberId}, decided ${moment} on journal entry ${explanation.position}.`
  const lines = [
    paint(
      terminal,
      explanation.isConfirmed ? 'green' : 'red',
      wrap(explanation.verdict, terminal.columns),
    ),
    wrap(asked, terminal.columns),
  ]
  if (explanation.endTitle !== null)
    lines.push(wrap(`${safeText(explanation.endTitle)}.`, terminal.columns))
  if (steps.length > 0) {
    const rows = steps.map((step) => [
      paint(terminal, step.outcome === 'closed' ? 'red' : 'green', step.found),
      safeText(step.title),
      step.numbers,
    ])
    lines.push(
      '',
      table(
        terminal,
        [{ title: 'Found' }, { title: 'Asked' }, { title: 'Numbers', isFlexible: true }],
        rows,
      ),
    )
  }
  if (help !== null) {
    lines.push('', wrap(`What would have helped: ${help}.`, terminal.columns))
  }
  return [...lines, '', ...entryLines(explanation, context, entriesMax)].join('\n')
}

function entryLines(
  { entries, entryCount }: ExplanationAnswer,
  context: CommandContext,
  entriesMax: number,
): readonly string[] {
  const shown = entries.slice(-entriesMax)
  const count =
    shown.length < entryCount ? `the last ${shown.length} of ${entryCount}` : `${entryCount}`
  const hint = shown.length < entries.length ? '; more with --all' : ''
  const rows = shown.map((entry) => [
    String(entry.position),
    localMomentToTheSecond(entry.atMs, context.reader()),
    safeText(entry.title),
  ])
  return [
    paint(context.terminal, 'bold', `Journal entries that led to it (${count}${hint})`),
    table(
      context.terminal,
      [{ title: 'Entry', isRight: true }, { title: 'When' }, { title: 'What', isFlexible: true }],
      rows,
    ),
  ]
}
