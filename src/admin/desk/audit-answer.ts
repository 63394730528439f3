import { customerId, keyId, memberId, personId, systemCustomerId } from '../../core/ids.ts'
import { acts, audit, type Audited, type AuditQuery } from '../../operations/audit.ts'
import type { AdminApiParts } from '../admin-api.ts'
import type { AuditAnswer, AuditLine } from '../contract/desk.ts'
import { entryTitle } from '../wording/describe-entry.ts'
import { Names } from '../wording/names.ts'

/** The audit log: what was done, by whom, to whom, in words. */
export async function auditAnswer(parts: AdminApiParts, query: AuditQuery): Promise<AuditAnswer> {
  const { lines, before, damaged } = await audit(parts, query)
  const names = new Names(parts)
  const told: AuditLine[] = []
  for (const line of lines) {
    told.push(
      line.kind === 'entry' ? await entryLine(parts, line, names) : await actLine(line, names),
    )
  }
  return {
    lines: told,
    acts,
    before: before === null ? null : `${before.position}.${before.actId}`,
    damaged,
  }
}

async function entryLine(
  { about }: AdminApiParts,
  { entry, act }: Audited & { readonly kind: 'entry' },
  names: Names,
): Promise<AuditLine> {
  const { actor = 'system', position, atMs } = entry
  const isSystem = entry.customerId === systemCustomerId
  return {
    id: `entry-${position}`,
    atMs,
    act,
    title: entryTitle(entry, about.currencySymbol),
    actor,
    actorName: await actorName(actor, names),
    customer: isSystem ? null : await names.of(entry.customerId),
    member: entry.memberId === null ? null : await names.of(entry.memberId),
  }
}

async function actLine(
  { done, act }: Audited & { readonly kind: 'act' },
  names: Names,
): Promise<AuditLine> {
  const { id, atMs, actor, target, details } = done
  const idOf = (name: 'customerId' | 'memberId'): string | null => {
    const detail = details[name]
    return typeof detail === 'string' ? detail : null
  }
  const customer = idOf('customerId') ?? (done.act === 'customer_erased' ? target : null)
  const member = idOf('memberId') ?? (done.act === 'member_erased' ? target : null)
  return {
    id: `act-${id}`,
    atMs,
    act,
    title: actTitle(done, await targetName(done.target, names)),
    actor,
    actorName: await actorName(actor, names),
    customer: customer === null ? null : await names.of(customerId(customer)),
    member: member === null ? null : await names.of(memberId(member)),
  }
}

const actTitles: Readonly<Record<string, string>> = {
  clock_adopted: "The machine's clock was taken as right",
  journal_verified: 'The journal was verified',
  backup_taken: 'A backup was taken',
  decision_reported: 'A member reported a decision',
  key_renamed: 'A key got another name',
  customer_erased: 'Names of the customer were erased',
  member_erased: 'Names of the member were erased',
  set_up: 'The first account was made',
  signed_in: 'Signed in',
  signed_out: 'Signed out',
  sign_in_failed: 'A sign-in failed',
  sessions_ended: 'Sessions were ended',
  password_changed: 'A password was changed',
  password_set: 'A password was set by a link',
  person_invited: 'A person was invited',
  person_link_made: 'A link to set a password was made',
  person_role_set: "A person's role was set",
  person_removed: 'A person was removed',
}

/** What was done, and the facts that were noted with it; ids have columns of their own. */
function actTitle(
  { act, details }: Extract<Audited, { kind: 'act' }>['done'],
  target: string | null,
): string {
  const words = actTitles[act] ?? capitalized(act.replaceAll('_', ' '))
  const facts = Object.entries(details)
    .filter(([name, value]) => value !== null && name !== 'customerId' && name !== 'memberId')
    .flatMap(([name, value]) => factWords(name, value) ?? [])
  const isNamed = act.endsWith('_erased') || target === null
  return [words, ...(isNamed ? [] : [target]), ...facts].join(', ')
}

/** Whom it concerns, by name where that is a person who still has one. */
async function targetName(target: string | null, names: Names): Promise<string | null> {
  if (target === null || !/^person_[\w.-]{1,57}$/.test(target)) return target
  return (await names.of(personId(target))).name ?? target
}

const counted: Readonly<Record<string, readonly [one: string, more: string]>> = {
  entryCount: ['entry', 'entries'],
  faultCount: ['fault', 'faults'],
  driftCount: ['stored sum that differed', 'stored sums that differed'],
  endedCount: ['ended', 'ended'],
  bytes: ['byte', 'bytes'],
}
const settled: Readonly<Record<string, readonly [ifTrue: string | null, ifFalse: string | null]>> =
  {
    isHealing: ['healing what differs', null],
    isComplete: [null, 'which goes on'],
  }

/** One fact as a reader of the log says it; nothing where it is as usual. */
function factWords(name: string, value: unknown): string | null {
  const [one, more] = counted[name] ?? []
  if (typeof value === 'number' && more !== undefined) {
    return `${value.toLocaleString('en')} ${value === 1 ? one : more}`
  }
  const known = settled[name]
  if (typeof value === 'boolean' && known !== undefined) return known[value ? 0 : 1]
  return `${name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)} ${String(value)}`
}
const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

async function actorName(actor: string, names: Names): Promise<string> {
  if (actor === 'system') return 'The system'
  if (actor === 'operator') return 'The operator token'
  const [kind, id = ''] = actor.split(':')
  if (kind === 'person' && id !== '') return (await names.of(personId(id))).name ?? `Account ${id}`
  if (kind !== 'key' || id === '') return actor
  const { name } = await names.of(keyId(id))
  return name === null ? `Key ${id}` : `Key “${name}”`
}
