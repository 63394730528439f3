import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CampaignOutcome } from './campaign.ts'

/** The last kept run of each campaign, and their table in docs/hard-to-break.md. */
export type CampaignResult = CampaignOutcome & {
  readonly name: string
  readonly about: string
  readonly count: number
  readonly seed: number
  readonly seconds: number
  /** The commit whose sources were attacked. */
  readonly sources: string
}

export const resultsFolder = join(import.meta.dirname, 'results')
export const resultsPage = join(import.meta.dirname, '..', '..', 'docs', 'hard-to-break.md')
const begin = '<!-- written by npm run campaign -- all --write: begin -->'
const end = '<!-- end -->'

export function writeResultsPage(): void {
  writeFileSync(resultsPage, withTable(readFileSync(resultsPage, 'utf8')))
}

/** The page with its table made anew from the kept results. */
export function withTable(page: string): string {
  const [before, rest] = page.split(begin)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined) throw new Error('The page has lost its marks')
  return `${before}${begin}\n\n${table()}\n\n${end}${after}`
}

function table(): string {
  const rows = readResults().flatMap((result) =>
    result.rows.map(
      ({ what, tried, lost, deniedFalsely, broken }) =>
        `| \`${result.name}\` | ${what} | ${tried.toLocaleString('en')} | ${lost} | ${deniedFalsely} | ${broken} |`,
    ),
  )
  const figures = readResults().flatMap((result) =>
    result.figures.map(({ name, value }) => `| \`${result.name}\` | ${name} | ${value} |`),
  )
  return [
    '| campaign | what was tried | times | lost | denied falsely | broken |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    '| campaign | measured on the way | |',
    '| --- | --- | --- |',
    ...figures,
    '',
    '| on the sources of | campaigns |',
    '| --- | --- |',
    ...sourcesRows(),
  ].join('\n')
}

function sourcesRows(): readonly string[] {
  const campaigns = Map.groupBy(readResults(), ({ sources }) => sources)
  return [...campaigns].map(
    ([sources, of]) => `| ${sources} | ${of.map(({ name }) => `\`${name}\``).join(', ')} |`,
  )
}

function readResults(): readonly CampaignResult[] {
  if (!existsSync(resultsFolder)) return []
  return globSync('*.json', { cwd: resultsFolder })
    .sort()
    .map((name) => JSON.parse(readFileSync(join(resultsFolder, name), 'utf8')) as CampaignResult)
}
