import type { Figure, FigureName } from '../../doctor/evidence.ts'
import { figuresTold, type Told } from '../../doctor/told-figures.ts'
import type { CommandContext } from '../command-line.ts'
import { safeText, wrap } from '../terminal.ts'

const questions = [
  ['session', 'Session used, in percent'],
  ['week', 'Week used, in percent'],
  ['balance', 'Balance (money that is there)'],
  ['cap', 'Monthly cap (or: unlimited)'],
  ['spent', 'Spent this month'],
  ['extra', 'Extra usage (on or off)'],
] as const satisfies readonly (readonly [keyof Told, string])[]

const triesMax = 3

/** Asks for what the service's page shows. Enter leaves a figure out; what cannot be read is asked again. */
export async function askForFigures(
  missing: readonly FigureName[],
  { desktop, terminal, clock }: CommandContext,
  url: string,
): Promise<readonly Figure[]> {
  const intro =
    'The message alone cannot tell. Your figures are on the usage page (or type /usage in the client). Enter leaves one out.'
  terminal.write(`${wrap(intro, terminal.columns)}\n  ${safeText(url)}\n`)
  const figures: Figure[] = []
  const asked = questions.filter(
    ([name]) => name === 'extra' || missing.some((each) => each === name),
  )
  for (const [name, question] of asked) {
    for (let tries = 0; tries < triesMax; tries += 1) {
      const text = await desktop.ask(`  ${question}: `)
      if (text.trim() === '') break
      const answer = figuresTold({ [name]: text }, { atMs: clock.wallMs(), what: 'your answers' })
      figures.push(...answer.figures)
      if (answer.problems.length === 0) break
      terminal.write(`  That takes ${answer.problems[0]?.takes ?? 'a number'}.\n`)
    }
  }
  terminal.write('\n')
  return figures
}
