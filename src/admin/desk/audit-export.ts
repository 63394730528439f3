import { stringify } from 'csv-stringify/sync'
import type { AuditQuery } from '../../operations/audit.ts'
import type { AdminApiParts } from '../admin-api.ts'
import { auditAnswer } from './audit-answer.ts'
import { readAuditPlace } from '../contract/desk-queries.ts'
import type { AuditLine } from '../contract/desk.ts'

/** The audit log as a file, page by page as it is read: nobody has to hold all of it. */
const rowsPerPage = 100

const headers = [
  'id',
  'time',
  'act',
  'what',
  'actor',
  'actor_name',
  'customer',
  'customer_name',
  'member',
  'member_name',
]

export function auditExport(
  parts: AdminApiParts,
  query: Omit<AuditQuery, 'rowsMax'>,
  format: 'csv' | 'json',
): Response {
  const texts = format === 'csv' ? csvOf(parts, query) : jsonOf(parts, query)
  return new Response(parts.heavyReads.file({ operators: 'audit log' }, texts), {
    headers: {
      'content-type': format === 'csv' ? 'text/csv; charset=utf-8' : 'application/json',
      'content-disposition': `attachment; filename="plimsoll-audit.${format}"`,
    },
  })
}

async function* pagesOf(
  parts: AdminApiParts,
  query: Omit<AuditQuery, 'rowsMax'>,
): AsyncGenerator<readonly AuditLine[]> {
  let from = {}
  for (;;) {
    const { lines, before } = await auditAnswer(parts, { ...query, ...from, rowsMax: rowsPerPage })
    if (lines.length > 0) yield lines
    if (before === null) return
    from = { before: readAuditPlace(before) }
  }
}

async function* csvOf(
  parts: AdminApiParts,
  query: Omit<AuditQuery, 'rowsMax'>,
): AsyncGenerator<string> {
  yield stringify([headers])
  for await (const lines of pagesOf(parts, query)) {
    // Names are people's own words: none of them may begin a formula in a spreadsheet.
    yield stringify(lines.map(rowOf), { escape_formulas: true })
  }
}

const rowOf = (line: AuditLine): readonly (string | null)[] => [
  line.id,
  new Date(line.atMs).toISOString(),
  line.act,
  line.title,
  line.actor,
  line.actorName,
  line.customer?.id ?? null,
  line.customer?.name ?? null,
  line.member?.id ?? null,
  line.member?.name ?? null,
]

async function* jsonOf(
  parts: AdminApiParts,
  query: Omit<AuditQuery, 'rowsMax'>,
): AsyncGenerator<string> {
  let opening = '[\n'
  for await (const lines of pagesOf(parts, query)) {
    yield opening + lines.map((line) => JSON.stringify(line)).join(',\n')
    opening = ',\n'
  }
  yield opening === '[\n' ? '[]\n' : '\n]\n'
}
