import { stringify } from 'csv-stringify/sync'
import type { Actor } from '../../core/entry.ts'
import type { CustomerId, MemberId } from '../../core/ids.ts'
import type { Nanos } from '../../core/money.ts'
import { tokenMeters, toolMeters } from '../../core/usage.ts'
import { exportHistory, type ExportPart } from '../../operations/export-history.ts'
import type { HistoryFilter } from '../../operations/history-filter.ts'
import type { HistoryLine } from '../../operations/history-lines.ts'
import type { AdminApiParts } from '../admin-api.ts'
import { toJsonText } from '../http/exchange.ts'
import { entryTitle, lineTitle } from '../wording/describe-entry.ts'

/**
 * A history as a file for spreadsheets or programs. Amounts are plain decimals with every digit and, beside them, the
 * nanos themselves; moments are ISO 8601 in UTC. It is written as it is read, and only a file with its closing line
 * is whole.
 */
export type HistoryFileQuery = {
  readonly customerId: CustomerId
  readonly memberId?: MemberId
  readonly filter: HistoryFilter
  /** Who reads it: a member, whichever of its keys it uses, or another caller. */
  readonly reader: MemberId | Actor
}

export type HistoryFormat = 'csv' | 'json'

export const historyMediaTypes: Readonly<Record<HistoryFormat, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  json: 'application/json',
}

/** So many lines are read before others have a turn: some two milliseconds. */
const linesPerPiece = 50

export function historyFile(
  parts: AdminApiParts,
  query: HistoryFileQuery,
  format: HistoryFormat,
): ReadableStream<Uint8Array> {
  const lines = format === 'csv' ? csvLines(parts, query) : jsonLines(parts, query)
  const { customerId, reader } = query
  return parts.heavyReads.file({ customerId, reader }, gathered(lines))
}

async function* gathered(lines: AsyncGenerator<string>): AsyncGenerator<string> {
  let waiting: string[] = []
  for await (const line of lines) {
    waiting.push(line)
    if (waiting.length < linesPerPiece) continue
    yield waiting.join('')
    waiting = []
  }
  yield waiting.join('')
}

const columns = [
  'position',
  'moment',
  'kind',
  'title',
  'member_id',
  'member_name',
  'actor',
  'model',
  'source',
  'request_id',
  'upstream_request_id',
  ...[...tokenMeters, ...toolMeters].map((meter) => meter),
  'cost',
  'cost_nanos',
  'absorbed_by_operator',
  'absorbed_by_operator_nanos',
  'is_estimate',
  'is_late',
  'change',
  'change_nanos',
  'balance',
  'balance_nanos',
] as const
type Row = { readonly [Name in (typeof columns)[number]]?: string | number }

async function* csvLines(parts: AdminApiParts, query: HistoryFileQuery): AsyncGenerator<string> {
  const names = memberNames(parts)
  yield csvRow(columns)
  for await (const part of exportHistory(parts, query)) {
    for (const row of await rowsOf(part, { parts, names }))
      yield csvRow(columns.map((name) => row[name] ?? ''))
  }
}

const csvRow = (cells: readonly (string | number)[]): string =>
  stringify([cells], { record_delimiter: 'windows' })

type Telling = {
  readonly parts: AdminApiParts
  readonly names: (id: MemberId) => Promise<string>
}

async function rowsOf(part: ExportPart, telling: Telling): Promise<readonly Row[]> {
  if (part.kind === 'opening') {
    return [{ kind: 'opening_balance', ...amount('balance', part.balanceNanos) }]
  }
  if (part.kind === 'line') return [await lineRow(part, telling)]
  const closing = { kind: 'closing_balance', ...amount('balance', part.balanceNanos) }
  const fault = {
    kind: 'does_not_add_up',
    title: 'The changes do not give the balance of the gate',
  }
  return [
    ...(part.leftOutNanos === 0n
      ? []
      : [{ kind: 'left_out_by_filter', ...amount('change', part.leftOutNanos) }]),
    ...(part.addsUp ? [] : [fault]),
    closing,
  ]
}

async function lineRow(
  { line, entry }: Extract<ExportPart, { kind: 'line' }>,
  { parts, names }: Telling,
): Promise<Row> {
  const { request } = line
  return {
    position: line.position,
    moment: new Date(line.atMs).toISOString(),
    kind: line.setting?.kind ?? line.kind,
    title: asText(titleOf({ line, entry }, parts.about.currencySymbol)),
    member_id: line.memberId ?? '',
    member_name: line.memberId === null ? '' : asText(await names(line.memberId)),
    actor: asText(line.actor ?? ''),
    ...amount('change', line.changeNanos),
    ...amount('balance', line.balanceNanos),
    ...(request === null
      ? {}
      : {
          model: asText(request.model),
          source: request.source,
          request_id: request.holdId,
          upstream_request_id: asText(request.upstreamRequestId ?? ''),
          ...request.usage,
          ...amount('cost', request.costNanos),
          ...amount('absorbed_by_operator', request.overrunNanos),
          is_estimate: request.isEstimate ? 'yes' : 'no',
          is_late: request.isLate ? 'yes' : 'no',
        }),
  }
}

function titleOf(
  { line, entry }: Pick<Extract<ExportPart, { kind: 'line' }>, 'line' | 'entry'>,
  symbol: string,
): string {
  const isCredit = line.setting?.kind === 'window_credited' && entry !== null
  return isCredit ? entryTitle(entry, symbol) : lineTitle(line, symbol)
}

/**
 * A spreadsheet takes a text for a formula that begins with one of these, and runs it; a quote before it keeps it a
 * text. Model names, actors and names are other people's words. Amounts are written here and begin with a digit or a
 * minus before digits, so they stay numbers.
 */
function asText(text: string): string {
  return /^[\s]*[=+\-@\u{FF1D}\u{FF0B}\u{FF0D}\u{FF20}]|^[\t\r\n]/u.test(text) ? `'${text}` : text
}

function amount<Name extends string>(
  name: Name,
  nanos: Nanos,
): { readonly [Key in Name | `${Name}_nanos`]: string } {
  return { [name]: decimalText(nanos), [`${name}_nanos`]: nanos.toString() } as never
}

/** Every digit of the amount: "12.340000000". */
export function decimalText(nanos: Nanos): string {
  const digits = (nanos < 0n ? -nanos : nanos).toString().padStart(10, '0')
  return `${nanos < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`
}

async function* jsonLines(parts: AdminApiParts, query: HistoryFileQuery): AsyncGenerator<string> {
  const { customerId, memberId = null, filter } = query
  const names = memberNames(parts)
  const head = {
    format: 'plimsoll-history-1',
    version: parts.about.version,
    customerId,
    memberId,
    filter,
    exportedAtMs: parts.storage.recordNowMs(),
  }
  let separator = ''
  for await (const part of exportHistory(parts, query)) {
    if (part.kind === 'opening') {
      const { balanceNanos, position } = part
      yield `${toJsonText({ ...head, position, openingNanos: balanceNanos }).slice(0, -1)},"lines":[`
    } else if (part.kind === 'line') {
      yield `${separator}\n${toJsonText(await jsonLine(part, { parts, names }))}`
      separator = ','
    } else {
      const { balanceNanos, leftOutNanos, lineCount, addsUp } = part
      const tail = { leftOutNanos, closingNanos: balanceNanos, lineCount, addsUp }
      yield `\n],${toJsonText(tail).slice(1)}\n`
    }
  }
}

async function jsonLine(
  part: Extract<ExportPart, { kind: 'line' }>,
  { parts, names }: Telling,
): Promise<HistoryLine & { readonly title: string; readonly memberName: string | null }> {
  const { memberId } = part.line
  const memberName = memberId === null ? null : (await names(memberId)) || null
  return { ...part.line, title: titleOf(part, parts.about.currencySymbol), memberName }
}

/** Names are looked up once for a file; nobody has one after it was erased. */
function memberNames({ storage }: Pick<AdminApiParts, 'storage'>): Telling['names'] {
  const known = new Map<MemberId, string>()
  return async (id) => {
    const name = known.get(id) ?? (await storage.findPerson(id))?.name ?? ''
    known.set(id, name)
    return name
  }
}
