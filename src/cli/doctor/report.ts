import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Examination, Finding } from '../../doctor/examine.ts'
import { reportText } from '../../doctor/report.ts'
import type { CommandContext } from '../command-line.ts'
import { wrongUse } from '../exit-codes.ts'
import { safeText } from '../terminal.ts'

export type ReportOptions = {
  /** The file to write it to; true when none was named. */
  readonly report?: string | true
  readonly plan?: string
  readonly tried?: readonly string[]
  readonly withPrompt?: boolean
}

const fileDefault = 'refusal-report.md'

/** Shows the report, and writes it only then: after a yes, or because a file was named. */
export async function makeReport(
  options: ReportOptions,
  { finding, found }: { readonly finding: Finding; readonly found: Examination },
  context: CommandContext,
): Promise<void> {
  const { desktop, terminal, isJson, folder, settings, machine } = context
  const text = reportText(finding, found, {
    plan: options.plan,
    tried: options.tried ?? [],
    hasPrompt: options.withPrompt === true,
    names: namesOf(machine),
    platform: machine.platform,
    zone: settings.timeZone,
  })
  const named = typeof options.report === 'string' ? options.report : undefined
  if (!isJson) terminal.write(`\n${text.split('\n').map(safeText).join('\n')}\n`)
  const isAsked = desktop.isAttended && !isJson
  const chosen = isAsked ? await askWhere(named, context) : named
  if (chosen === undefined) {
    if (isJson) terminal.write(`${JSON.stringify({ report: text, file: null }, null, 2)}\n`)
    return
  }
  const path = resolve(folder, chosen)
  writeNew(path, text)
  if (isJson) terminal.write(`${JSON.stringify({ report: text, file: path }, null, 2)}\n`)
  else terminal.write(`Written to ${safeText(path)}. Read it before you send it.\n`)
}

/** Whom the home folder is named after. `root` and the like name nobody. */
function namesOf({ home }: CommandContext['machine']): readonly string[] {
  const name = home.split(/[/\\]/).at(-1) ?? ''
  return /^(root|home|user|runner|node|admin|administrator)$/i.test(name) ? [] : [name]
}

async function askWhere(
  named: string | undefined,
  { desktop }: CommandContext,
): Promise<string | undefined> {
  const file = named ?? fileDefault
  const answer = await desktop.ask(`Write this to ${safeText(file)}? [y/N] `)
  return /^y(es)?$/i.test(answer.trim()) ? file : undefined
}

/** Never over something that is there. */
function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    const why = code === 'EEXIST' ? 'it is there already' : code
    throw wrongUse(`The report could not be written to ${path}: ${why}.`, 'Name another file.')
  }
}
