import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { caseText } from '../src/cli/doctor/doctor-text.ts'
import { programName } from '../src/cli/command-text.ts'
import { examine, findRefusal } from '../src/doctor/examine.ts'
import { figuresTold, type Told } from '../src/doctor/figures/told-figures.ts'
import type { VerdictCode } from '../src/doctor/verdict/verdict.ts'

/**
 * Writes docs/doctor-verdicts.md: what the doctor shows for each verdict, of refusals that the real client met.
 * `node scripts/bootstrap.mjs scripts/write-verdict-pictures.ts`
 */
const root = join(import.meta.dirname, '..')
const pagePath = join(root, 'docs', 'doctor-verdicts.md')
const minuteMs = 60_000

const story: Told = { session: '0', week: '12', balance: '100', cap: '50', spent: '0' }

const pictures: readonly {
  readonly ruling: VerdictCode
  readonly transcript: string
  readonly told?: Told
}[] = [
  { ruling: 'false_refusal', transcript: 'out-of-extra-usage', told: story },
  { ruling: 'possibly_false', transcript: 'out-of-extra-usage' },
  { ruling: 'true_limit', transcript: 'session-limit' },
  {
    ruling: 'out_of_balance',
    transcript: 'out-of-extra-usage',
    told: { week: '100', session: '40', balance: '0', cap: '50', spent: '14.20' },
  },
  {
    ruling: 'cap_reached',
    transcript: 'out-of-extra-usage',
    told: { week: '100', balance: '30', cap: '50', spent: '50' },
  },
  { ruling: 'extra_usage_off', transcript: 'overage-not-set-up' },
  { ruling: 'long_context', transcript: 'long-context' },
  { ruling: 'request_or_client', transcript: 'third-party-apps', told: story },
  { ruling: 'organisation', transcript: 'overage-organisation' },
  { ruling: 'burst', transcript: 'burst-oauth' },
  { ruling: 'server_trouble', transcript: 'overloaded' },
  { ruling: 'sign_in', transcript: 'sign-in-oauth' },
  { ruling: 'connection', transcript: 'dropped' },
]

const intro = `# What the doctor shows

One picture per verdict of [the doctor](doctor.md). Each refusal is one that the real client met; figures are told where the picture needs them.
This page is written by \`scripts/write-verdict-pictures.ts\`.
`

export function verdictPictures(): string {
  const sections = pictures.map(({ ruling, transcript, told = {} }) => {
    const path = join(root, 'test', 'doctor', 'transcripts', 'print', `${transcript}.jsonl`)
    const refusedAt = /"timestamp":"([^"]+)"/.exec(readFileSync(path, 'utf8'))?.[1] ?? ''
    const nowMs = Date.parse(refusedAt) + 3 * minuteMs
    const finding = findRefusal({ kind: 'file', path }, nowMs)
    const { figures } = figuresTold(told, { atMs: nowMs, what: 'options' })
    const found = examine(finding, { figures, nowMs, baseUrl: undefined, program: programName })
    if (found.verdict.ruling !== ruling) throw new Error(`${transcript}: ${found.verdict.ruling}`)
    const terminal = {
      columns: 80,
      isColored: false,
      isWatched: false,
      write: () => {},
      writeError: () => {},
    }
    const text = caseText(finding, found, { terminal, reader: { nowMs, zone: 'UTC' } })
    return `## \`${ruling}\`\n\n\`\`\`\n${text.replaceAll('\u{a0}', ' ')}\n\`\`\`\n`
  })
  return [intro, ...sections].join('\n')
}

export const writtenVerdictPage = (): string => readFileSync(pagePath, 'utf8')

if (import.meta.main) writeFileSync(pagePath, verdictPictures())
