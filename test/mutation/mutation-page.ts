import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../mutants/mutant.ts'
import { instrumenterVersion } from './instrumenter.ts'
import type { Report, Survivor } from './report.ts'

/** docs/mutation-core.md: what the last whole run found. */
const page = join(root, 'docs', 'mutation-core.md')

const head = `# Mutation of the core

A tool changes each condition, operator, literal and block of \`src/core/\`, one at a time, and the core's tests are run on
each change: its own (\`src/core/*.test.ts\`), the rules by example (\`test/rules/\`), and the laws that compare it with the
second implementation (\`test/model/\`), with a fixed seed. A change that no test notices is a rule that no test holds.

\`\`\`sh
npm run mutants:core                         # tries what is new since the last run; ends with 1 below 97 %
npm run mutants:core -- --file money.ts      # the changes of one source
npm run mutants:core -- --fresh --write      # all of them again, and writes this page
npm run mutants:core -- --json               # every change with its outcome
\`\`\`

The first run installs the instrumenter of StrykerJS ${instrumenterVersion} (23 MB) into \`.cache/\`; it is no dependency of the project. All
changes are written into one copy of the sources, each behind a switch, so that one process tries thousands of them
(\`test/mutation/\`). Only tests that reach a change are run on it, those that notice much in little time first.

The score is what was killed, of everything. A change counts as killed when a test fails that passes without it, and when it makes
a loop endless, which is told by a count and not by a clock. Where a process is silent for ten times what its tests take and half a minute, or ends, the
change is tried once more in one of its own, with three times the patience: a busy machine is no kill. Where a file of tests does not load, all others are tried; the
kill counts as theirs, and apart where none of them can notice. A change that no test reaches counts as survived. Sources run with their types stripped, so
a change that would not compile is run and counted like any other. What was killed once stays so while its own text is the
same (\`--fresh\` tries all again); what survived is tried again whenever its source or a test changes. Nothing is left out: explained survivors count as
survived, and so do changed words of messages.
`

const intro = `Each by its source and line, what stands there, and what took its place; grouped by why no test can tell the two apart, as
\`test/mutation/explained.json\` says it.`

type Run = { readonly isQuick: boolean }

export function writePage(report: Report, run: Run): void {
  const parts = [head, summary(report, run), table(report), survivors(report)]
  writeFileSync(page, parts.join('\n'))
}

const quickNote = `
The run was a \`--quick\` one: slow tests and most stories were left out, so more may be killed than stands here.
`

function summary({ killed, total, score, ways }: Report, { isQuick }: Run): string {
  const date = new Date().toISOString().slice(0, 10)
  return `## ${score} %

${killed} of ${total} were killed: ${ways.failed} by a test that fails, ${ways.endless} by one that would go on without end, ${ways.died + ways.too_long} by a process that ends or is silent, twice,
and ${ways.not_loaded} where a file of tests does not load and no other test fails. Measured ${date}, at commit ${commit()}.
${isQuick ? quickNote : ''}`
}

function commit(): string {
  const { stdout } = spawnSync('git', ['rev-parse', '--short=10', 'HEAD'], { cwd: root })
  return `\`${stdout.toString().trim()}\``
}

function table({ files }: Report): string {
  const rows = files.map(
    ({ file, killed, total, score }) => `| \`${file}\` | ${killed} | ${total} | ${score} |`,
  )
  return ['| source | killed | of | % |', '| --- | --- | --- | --- |', ...rows, ''].join('\n')
}

/** Grouped by the reason, in the order in which the explanations stand. */
function survivors(report: Report): string {
  const byReason = new Map<string, Survivor[]>()
  for (const survivor of report.survivors) {
    const why = survivor.why ?? 'Not explained yet.'
    byReason.set(why, [...(byReason.get(why) ?? []), survivor])
  }
  const groups = [...byReason].map(([why, all]) => `**${why}**\n\n${all.map(line).join('\n')}\n`)
  return ['## Survivors', '', intro, '', ...groups].join('\n')
}

function line({ mutant, outcome }: Survivor): string {
  const { file, line: number, was, becomes } = mutant
  const where = `\`${file.replace('src/core/', '')}:${number}\``
  const reached = outcome.kind === 'unreached' ? ' (no test comes there)' : ''
  return `- ${where} ${code(was)} → ${code(becomes)}${reached}`
}

function code(text: string): string {
  const short = text.length > 70 ? `${text.slice(0, 67)}...` : text
  return short === '' ? 'nothing' : `\`\` ${short} \`\``
}
