import type { HoldSource } from '../core/account.ts'
import type { EntryBody } from '../core/entry.ts'
import type { MemberId } from '../core/ids.ts'
import { readAllowedDecisionId } from './decision-id.ts'
import type { LineDraft } from './history-lines.ts'

/** Which lines of a history somebody wants to see. What is left out still counts in every balance. */
export type HistoryFilter = {
  /** Lines of `[fromMs, toMs)`. */
  readonly fromMs?: number
  readonly toMs?: number
  /** Lines of any of these. */
  readonly groups?: readonly HistoryGroup[]
  /** The beginning of a model's name. */
  readonly model?: string
  readonly source?: HoldSource
  /** One member's, in the history of its customer. */
  readonly byMemberId?: MemberId
  /** A part of an id that the line carries, or a whole decision id. */
  readonly text?: string
}

/** What lines are about. A line may be in two: a request that extra usage paid is a charge as well. */
export const historyGroups = [
  'request',
  'charge',
  'grant',
  'switch',
  'cap',
  'plan',
  'key',
  'status',
  'correction',
  'others',
] as const
export type HistoryGroup = (typeof historyGroups)[number]

export function isWanted(line: LineDraft, filter: HistoryFilter): boolean {
  const { fromMs = -Infinity, toMs = Infinity, groups, model, source, byMemberId, text } = filter
  if (line.atMs < fromMs || line.atMs >= toMs) return false
  if (groups !== undefined && !groupsOf(line).some((group) => groups.includes(group))) return false
  if (model !== undefined && line.request?.model.startsWith(model) !== true) return false
  if (source !== undefined && line.request?.source !== source) return false
  if (byMemberId !== undefined && line.memberId !== byMemberId) return false
  return text === undefined || hasId(line, text)
}

/** Whether the filter leaves anything out but by time. */
export const isNarrowing = ({ fromMs: _from, toMs: _to, ...rest }: HistoryFilter): boolean =>
  Object.values(rest).some((value) => value !== undefined)

export function groupsOf(line: LineDraft): readonly HistoryGroup[] {
  switch (line.kind) {
    case 'request': {
      const groups: HistoryGroup[] = ['request']
      if (line.changeNanos !== 0n) groups.push('charge')
      if (line.request?.isLate === true) groups.push('correction')
      return groups
    }
    case 'request_lost':
    case 'request_failed':
      return ['request']
    case 'top_up':
    case 'gift':
    case 'included':
    case 'refunded':
      return ['grant']
    case 'grant_expired':
      return line.changeNanos > 0n ? ['grant', 'correction'] : ['grant']
    case 'other_members':
      return ['others']
    case 'setting':
      return line.setting === null ? [] : settingGroups(line.setting)
  }
}

function settingGroups({ kind }: EntryBody): readonly HistoryGroup[] {
  switch (kind) {
    case 'extra_usage_set':
      return ['switch']
    case 'spend_cap_set':
      return ['cap']
    case 'member_seated':
    case 'limit_excepted':
      return ['plan']
    case 'key_issued':
    case 'key_revoked':
      return ['key']
    case 'status_set':
      return ['status']
    case 'window_credited':
    case 'drift_found':
      return ['correction']
    default:
      return []
  }
}

/** Ids are opaque, so any part of one is found; people copy them broken into lines, too. */
function hasId(line: LineDraft, text: string): boolean {
  const wanted = text.replaceAll(/\s+/g, '')
  const decided = readAllowedDecisionId(wanted)
  const part = (decided?.holdId ?? wanted).toLowerCase()
  return idsOf(line).some((id) => id.toLowerCase().includes(part))
}

function idsOf({ request, setting, memberId, actor, position }: LineDraft): readonly string[] {
  const ids: (string | null | undefined)[] = [
    memberId,
    actor,
    String(position),
    request?.holdId,
    request?.upstreamRequestId,
    request?.model,
  ]
  if (setting !== null) {
    if ('keyId' in setting) ids.push(setting.keyId)
    if ('limitId' in setting) ids.push(setting.limitId)
    if ('planId' in setting) ids.push(setting.planId)
  }
  return ids.filter((id) => typeof id === 'string')
}
