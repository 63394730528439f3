import { compareFigures, unexplainedLoss } from '../../doctor/figures/compare-figures.ts'
import { readCase } from '../../doctor/figures/case-file.ts'
import type { Figure } from '../../doctor/verdict/evidence.ts'
import type { CommandContext } from '../command-line.ts'
import { programName } from '../command-text.ts'
import { wrongUse } from '../exit-codes.ts'
import { momentWithDistance } from '../moments.ts'
import { paint, table } from '../terminal.ts'

/** `doctor --after`: the figures of the last look beside those of now. */
export function showAfter(now: readonly Figure[], folder: string, context: CommandContext): void {
  const kept = readCase(folder)
  if (kept === undefined) {
    throw wrongUse(
      'No figures are kept from before.',
      `Tell them once: ${programName} doctor --balance 100 --cap 50 --spent 0; and again with --after.`,
    )
  }
  const comparisons = compareFigures(kept.figures, now)
  if (comparisons.length === 0) {
    throw wrongUse(
      'There is nothing to compare: tell the figures as they are now.',
      `For example: ${programName} doctor --after --balance 100 --cap 50 --spent 0`,
    )
  }
  const lost = unexplainedLoss(kept.figures, now)
  const answer = { beforeAtMs: kept.atMs, comparisons, unexplainedLoss: lost ?? null }
  const { terminal } = context
  const rows = comparisons.map(({ name, before, after, meaning, isNotable }) => [
    name.replace('_', ' '),
    before,
    after,
    isNotable ? paint(terminal, 'yellow', meaning) : meaning,
  ])
  const columns = [
    { title: 'Figure' },
    { title: 'Before', isRight: true },
    { title: 'Now', isRight: true },
    { title: 'Meaning', isFlexible: true },
  ]
  const verdict =
    lost !== undefined
      ? `${lost} more went from the balance than is said to be spent. Put that into a report: ${programName} doctor --report`
      : comparisons.some(({ isNotable }) => isNotable)
        ? 'Something moved; see the last column.'
        : 'Nothing was charged, and nothing moved.'
  context.say(answer, () =>
    [
      `Before is ${momentWithDistance(kept.atMs, context.reader())}.`,
      ...table(terminal, columns, rows)
        .split('\n')
        .map((line) => `  ${line}`),
      verdict,
    ].join('\n'),
  )
  if (lost !== undefined) context.reportDifference()
}
