import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FoundingOutcome } from './founding-run.ts'

/** What came of a run, as lines for a person and as the table of docs/founding-failure.md. */
export const foundingPage = join(import.meta.dirname, '..', '..', 'docs', 'founding-failure.md')
const begin = '<!-- written by npm run founding -- --write: begin -->'
const end = '<!-- end -->'

type Finding = { readonly what: string; readonly found: readonly string[] }

const findingsOf = (outcome: FoundingOutcome): readonly Finding[] => [
  { what: 'refused although they had room', found: outcome.falseDenials },
  {
    what: 'admitted, or charged to a source, although they should not be',
    found: outcome.falseAllows,
  },
  { what: 'shown an amount that is not so', found: outcome.falseFigures },
  { what: 'wrong and not found', found: outcome.missed },
  { what: 'reported and not wrong', found: outcome.falseAlarms },
  { what: 'wrong after it was healed', found: outcome.unhealed },
]

export const isClean = (outcome: FoundingOutcome): boolean =>
  findingsOf(outcome).every(({ found }) => found.length === 0) &&
  outcome.seals.named === outcome.seals.changed &&
  outcome.requests > 0

const count = (value: number): string => value.toLocaleString('en')
const tenths = (value: number): string => value.toFixed(1)

/** So many of each kind are enough to look for the cause. */
const shownMax = 5

export function sayOutcome(outcome: FoundingOutcome): readonly string[] {
  const { customers, entries, derivations, requests, seals } = outcome
  return [
    `${count(customers)} customers, ${count(entries)} entries, ${count(derivations)} stored derivations, each corrupted twice`,
    ...outcome.kinds.map(
      ({ what, corrupted, foundByRequests, foundByAudit }) =>
        `  ${what}: ${count(corrupted)} corrupted, ${count(foundByRequests)} found by requests, ${count(foundByAudit)} by the audit`,
    ),
    `  seals in the journal: ${seals.changed} changed, ${seals.named} named as faults`,
    `${count(requests)} requests`,
    ...findingsOf(outcome).flatMap(({ what, found }) => [
      `  ${what}: ${count(found.length)}`,
      ...found.slice(0, shownMax).map((one) => `    ${one}`),
    ]),
    ...timeRows(outcome).map(([what, value]) => `  ${what}: ${value}`),
  ]
}

function timeRows({
  times,
  customers,
  derivations,
}: FoundingOutcome): readonly (readonly [string, string])[] {
  const { firstRequestMs, requestsSeconds, findSeconds, healSeconds } = times
  const { median, p99, most } = firstRequestMs
  const each = (seconds: number): string => ((seconds * 1e6) / derivations).toFixed(0)
  return [
    [
      'to find and heal by asking: the first request of a customer, one after another',
      `median ${tenths(median)} ms, 99 % within ${tenths(p99)} ms, at most ${tenths(most)} ms`,
    ],
    [
      'the same for all customers, with a look at the figures each',
      `${tenths(requestsSeconds)} s, ${count(Math.round(customers / requestsSeconds))} customers a second`,
    ],
    ['to find by the audit', `${tenths(findSeconds)} s, ${each(findSeconds)} µs per derivation`],
    [
      'to find and heal by the audit',
      `${tenths(healSeconds)} s, ${each(healSeconds)} µs per derivation`,
    ],
  ]
}

export function writeFoundingPage(outcome: FoundingOutcome): void {
  const page = readFileSync(foundingPage, 'utf8')
  const [before, rest] = page.split(begin)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined) throw new Error('The page has lost its marks')
  writeFileSync(foundingPage, `${before}${begin}\n\n${tables(outcome)}\n\n${end}${after}`)
}

function tables(outcome: FoundingOutcome): string {
  const { customers, seed, folders, entries, derivations, requests, seals } = outcome
  return [
    `${count(customers)} customers with seed ${seed} in ${folders === 1 ? 'one data folder' : `${folders} data folders`}: ${count(entries)} journal entries, ${count(derivations)} stored`,
    `derivations, each of them corrupted twice, and ${count(requests)} requests.`,
    '',
    '| what was done to a stored derivation | times | found by requests | found by the audit | |',
    '| --- | --- | --- | --- | --- |',
    ...outcome.kinds.map(
      ({ what, corrupted, foundByRequests, foundByAudit, expected }) =>
        `| ${what} | ${count(corrupted)} | ${count(foundByRequests)} | ${count(foundByAudit)} | ${
          expected === 'found' ? 'all found, all healed' : 'true, so there is nothing to find'
        } |`,
    ),
    `| its seal in the journal was changed | ${seals.changed} | | | ${seals.named} named as faults of the journal |`,
    '',
    '| what would be a failure | times |',
    '| --- | --- |',
    ...findingsOf(outcome).map(({ what, found }) => `| ${what} | ${count(found.length)} |`),
    '',
    '| time | |',
    '| --- | --- |',
    ...timeRows(outcome).map(([what, value]) => `| ${what} | ${value} |`),
  ].join('\n')
}
