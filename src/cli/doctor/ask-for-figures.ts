import type { Figure, FigureName } from '../../doctor/verdict/evidence.ts'
import { figuresTold, type Told } from '../../doctor/figures/told-figures.ts'
import type { CommandContext } from '../command-line.ts'
import { safeText, wrap } from '../terminal.ts'

const questions = [
  ['session', 'Session used, in percent'],
  ['session_resets', 'Session resets in (such as 3h20m)'],
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
  const isAsked = (name: keyof Told, told: Told): boolean =>
    name === 'extra' ||
    (name === 'session_resets' && told.session !== undefined) ||
    missing.some((each) => each === name)
  let told: Told = {}
  for (const [name, question] of questions) {
    if (isAsked(name, told))
      told = { ...told, ...(await askOne(name, question, { desktop, terminal })) }
  }
  terminal.write('\n')
  return figuresTold(told, { atMs: clock.wallMs(), what: 'your answers' }).figures
}

async function askOne(
  name: keyof Told,
  question: string,
  { desktop, terminal }: Pick<CommandContext, 'desktop' | 'terminal'>,
): Promise<Told> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    const text = await desktop.ask(`  ${question}: `)
    if (text.trim() === '') return {}
    const { problems } = figuresTold({ [name]: text }, { atMs: 0, what: 'your answers' })
    if (problems[0] === undefined) return { [name]: text }
    terminal.write(`  That takes ${problems[0].takes}.\n`)
  }
  return {}
}
