import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, type Mutant } from './mutant.ts'
import type { Outcome } from './try-mutants.ts'

/** docs/mutants.md: what each mutant is, and which test killed it in the last run that was written down. */
const page = join(root, 'docs', 'mutants.md')

const head = `# Mutants

Each row is a bug that systems in this field have had, put into a copy of these sources on purpose, and the test that
noticed. Row names are those of [scenarios.md](scenarios.md); \`-\` stands for a rule of the design beside them. The bugs are
patches under \`test/mutants/patches/\`; \`npm test\` checks that each of them still applies and tries a few.

\`\`\`sh
npm run mutants                          # tries all of them; ends with 1 when one survives
npm run mutants -- --only settle         # those whose name contains this, or of one row: --only D6
npm run mutants -- --all-tests           # every test file in the place of the few that are named
npm run mutants -- --jobs 2 --write      # and writes this table
npm run mutants:suite                    # some of them, drawn at random: each in a fresh clone, with npm test alone
\`\`\`

A mutant counts as killed when a named test fails that passes without it. Seconds are until that failure, start of the tests
included, on two cores that were shared with other work. \`commit-without-sync\` needs \`strace\`, as the test that kills it does.

`

/** The cells of a mutant's row behind its id, as they stand on the page. */
export function readPage(): ReadonlyMap<string, string> {
  const text = existsSync(page) ? readFileSync(page, 'utf8') : ''
  return new Map(
    [...text.matchAll(/^\| `([a-z0-9-]+)` \| (.*) \|$/gm)].map(([, id = '', cells = '']) => [
      id,
      cells,
    ]),
  )
}

/** What the page says of a mutant before its killer. */
export const cellsOf = ({ row, bug }: Mutant): string => `${row} | ${bug} | `

export function writePage(mutants: readonly Mutant[], outcomes: readonly Outcome[]): void {
  const known = readPage()
  const rows = mutants.map((mutant) => {
    const outcome = outcomes.find((one) => one.mutant.id === mutant.id && one.isKilled)
    const cells = outcome === undefined ? known.get(mutant.id) : killedCells(outcome)
    return cells === undefined ? [] : [`| \`${mutant.id}\` | ${cells} |`]
  })
  const table = ['| mutant | row | bug | killed by | seconds |', '| --- | --- | --- | --- | --- |']
  writeFileSync(page, `${head}${[...table, ...rows.flat()].join('\n')}\n`)
}

function killedCells({ mutant, verdict }: Outcome): string {
  const name = verdict.what.replaceAll('|', '\\|').replaceAll('\n', ' ')
  return `${cellsOf(mutant)}\`${verdict.file}\`: ${name} | ${verdict.seconds.toFixed(1)}`
}
