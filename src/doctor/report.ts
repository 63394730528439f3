import { isWindowFigure, type Figure } from './verdict/evidence.ts'
import type { Examination, Finding } from './examine.ts'
import { figureText } from './verdict/weigh-figures.ts'
import { confidenceText, headline } from './verdict/words.ts'

/** What a person adds to a report, and how moments are written in it. */
export type ReportExtras = {
  readonly plan: string | undefined
  readonly tried: readonly string[]
  /** The last prompt, only when it was asked for. */
  readonly hasPrompt: boolean
  /** Of this machine's user: whatever they stand in, they are removed. */
  readonly names: readonly string[]
  readonly platform: string
  readonly zone: string
}

/**
 * A report for the service's support: what it asks for, and nothing that names a person, a place or a secret.
 * The message stays word for word but for such things.
 */
export function reportText(finding: Finding, found: Examination, extras: ReportExtras): string {
  const { refusal, verdict, figures } = found
  const moment = (atMs: number): string => momentText(atMs, extras.zone)
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Plan', extras.plan ?? 'not told'],
    ['Time', refusal?.atMs === undefined ? undefined : moment(refusal.atMs)],
    ['HTTP status', refusal?.status?.toString()],
    ['Error type', refusal?.type],
    ['Class in the client', refusal?.errorClass],
    ['Request id', refusal?.requestId],
    ['Model', refusal?.model],
    ['Client', clientText(found)],
    ['System', extras.platform],
  ]
  const known = facts.flatMap(([name, value]) =>
    value === undefined ? [] : [`- ${name}: ${value}`],
  )
  const evidence = verdict.evidence.slice(1).map(({ side, text }) => `- ${side}: ${text}`)
  const tried = extras.tried.map((text) => `- ${text}`)
  const prompt = extras.hasPrompt ? finding.session?.lastPrompt : undefined
  const lines = [
    '# A refused request',
    '',
    'The message, as the client showed it:',
    '',
    ...(refusal?.text ?? 'none').split('\n').map((line) => `> ${line}`),
    '',
    ...known,
    ...section(
      'Figures',
      figures.map((figure) => figureLine(figure, moment)),
    ),
    ...section(figures.length === 0 ? 'What follows' : 'What follows from them', [
      `- ${headline(verdict, moment)} (${confidenceText[verdict.confidence]})`,
      ...evidence,
    ]),
    ...section('What was tried', tried.length === 0 ? ['- nothing was told'] : tried),
  ]
  // The prompt is the one thing that is not touched: it was asked for by name.
  const asked = prompt === undefined ? [] : ['', '## The prompt', '', prompt]
  // Names first: one with a space in it would end a path too early.
  const clean = (line: string): string =>
    redacted(withoutNames(line.replaceAll(invisible, ''), extras.names))
  return [...lines.map(clean), ...asked, ''].join('\n')
}

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', `## ${title}`, '', ...lines]

function clientText({ refusal }: Examination): string | undefined {
  if (refusal?.clientVersion === undefined) return undefined
  const how = refusal.entrypoint === undefined ? '' : ` (${refusal.entrypoint})`
  return `Claude Code ${refusal.clientVersion}${how}`
}

function figureLine(figure: Figure, moment: (atMs: number) => string): string {
  const { kind, what } = figure.source
  const whose = { official: 'official', person: 'read by the user', estimate: 'estimate' }[kind]
  const resets =
    isWindowFigure(figure) && figure.resetsAtMs !== undefined
      ? `, resets ${moment(figure.resetsAtMs)}`
      : ''
  return `- ${figureText(figure)}${resets} (${whose}: ${what}, ${moment(figure.atMs)})`
}

/** "2026-11-27 13:00:05 UTC+01:00 (Europe/Berlin)": no reader has to guess a zone. */
export function momentText(atMs: number, zone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'longOffset',
  }).formatToParts(atMs)
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? ''
  const offset = part('timeZoneName').replace('GMT', 'UTC').replace('+00:00', '')
  const day = `${part('year')}-${part('month')}-${part('day')}`
  const where = zone === offset ? zone : `${offset} (${zone})`
  return `${day} ${part('hour')}:${part('minute')}:${part('second')} ${where}`
}

const gone = '[removed]'
const secrets: readonly RegExp[] = [
  // Keys and tokens of services that write a prefix before them, and bearer tokens.
  /\b(?:sk|pk|rk|hf|gsk|xai|npm|glpat|ghp|gho|ghs|ghu|ghr|github_pat|xox[abprs]|plim|AKIA)[-_][\w-]{8,}|\bA(?:KIA|SIA)[A-Z0-9]{12,}|\bAIza[\w-]{20,}/g,
  /\bBearer\s+[\w.~+/=-]{8,}/gi,
  /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g,
  /[\w.%+-]+@[\w-]+(?:\.[\w-]+)+/g,
  // Names of users stand in paths.
  /(?:[A-Za-z]:)?[\\/](?:home|Users|root|tmp|var|private|mnt|opt|workspace|Documents and Settings)(?:[\\/][^\s"'`,;:)<>|]*)?/g,
  // Other absolute paths; those of an API or a web page are part of the message.
  /(?<![\w:/.\]])\/(?!v\d|api\/|settings\/)(?:[\w.@+-]+\/)+[^\s"'`,;:)<>|]*/g,
  /\\\\[\w.-]+\\[^\s"'`,;)<>|]+/g,
  /\b[A-Za-z]:\\[^\s"'`,;)<>|]+/g,
  /(?<=:\/\/)[^/\s@]+@/g,
  /~[\\/][^\s"'`,;:)<>|]+/g,
]

/** A name of less than three letters is also a word of the language. */
const withoutNames = (line: string, names: readonly string[]): string =>
  names
    .filter((name) => name.trim().length >= 3)
    .reduce(
      (text, name) =>
        text.replaceAll(
          new RegExp(String.raw`(?<![\p{L}\p{N}_])${RegExp.escape(name)}(?![\p{L}\p{N}_])`, 'giu'),
          gone,
        ),
      line,
    )

/** Invisible characters go first, since they could keep a secret from being seen as one. */
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

export const redacted = (line: string): string =>
  secrets.reduce((text, pattern) => text.replaceAll(pattern, gone), line.replaceAll(invisible, ''))
