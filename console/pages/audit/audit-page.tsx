import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import type { AuditAnswer, AuditLine } from '../../../src/admin/contract/desk.ts'
import { useFilters } from '../../data/address.ts'
import { path, read } from '../../data/api.ts'
import { momentText, queryText } from '../../data/query-text.ts'
import { Badge } from '../../ui/badge.tsx'
import { ButtonLink } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { FilterBox, RangeFilters, SelectFilter, TextFilter } from '../../ui/filter-box.tsx'
import { LoadOlder } from '../../ui/load-older.tsx'
import { Clock } from '../../ui/moment.tsx'
import { Page } from '../../ui/page.tsx'
import { EmptyState, Pending } from '../../ui/states.tsx'
import { DamagedNote } from '../../ui/unreadable-note.tsx'
import { Table, type Column } from '../../ui/table.tsx'

/** Every administrative act: who changed what, and when. */
export function AuditPage() {
  const filters = useFilters()
  const asked = {
    act: filters.get('act'),
    actor: filters.get('actor'),
    customerId: filters.get('customer'),
    memberId: filters.get('member'),
    fromMs: momentText(filters.get('from')),
    toMs: momentText(filters.get('to')),
  }
  const query = useInfiniteQuery({
    queryKey: ['audit', asked],
    queryFn: ({ signal, pageParam }) =>
      read<AuditAnswer>(`audit?${queryText({ ...asked, before: pageParam })}`, signal),
    initialPageParam: null as string | null,
    getNextPageParam: ({ before }) => before,
    placeholderData: keepPreviousData,
    // Acts that are no entries of the journal come without an event.
    staleTime: 0,
    refetchInterval: 15_000,
    meta: { everyMs: 5_000 },
  })
  const acts = query.data?.pages[0]?.acts ?? []
  const exportOf = (format: string): string => `api/audit/export?${queryText({ ...asked, format })}`
  return (
    <Page
      title="Audit log"
      lead="Who changed what, and when: from the journal, which nobody can change, and from the acts that are kept beside it."
      actions={
        <>
          <ButtonLink href={exportOf('csv')} download="plimsoll-audit.csv">
            CSV
          </ButtonLink>
          <ButtonLink href={exportOf('json')} download="plimsoll-audit.json">
            JSON
          </ButtonLink>
        </>
      }
    >
      <Card>
        <AuditFilters acts={acts} />
        {query.data === undefined ? (
          <Pending error={query.error} refetch={query.refetch} lines={8} />
        ) : (
          <AuditList
            lines={query.data.pages.flatMap(({ lines }) => lines)}
            damaged={[...new Set(query.data.pages.flatMap(({ damaged }) => damaged))]}
            hasMore={query.hasNextPage}
            isLoading={query.isFetchingNextPage}
            onLoad={() => void query.fetchNextPage()}
          />
        )}
      </Card>
    </Page>
  )
}

const filterNames = ['act', 'actor', 'customer', 'member', 'from', 'to']

function AuditFilters({ acts }: { readonly acts: AuditAnswer['acts'] }) {
  const chosen = useFilters().get('act')
  const shown = acts.length === 0 && chosen !== '' ? [chosen] : acts
  const options = shown.map((act) => ({ value: act as string, label: actWords[act] ?? act }))
  return (
    <FilterBox names={filterNames}>
      <SelectFilter
        name="act"
        label="What"
        options={[{ value: '', label: 'Everything' }, ...options]}
      />
      <TextFilter name="actor" label="Who" />
      <TextFilter name="customer" label="Customer id" />
      <TextFilter name="member" label="Member id" />
      <RangeFilters />
    </FilterBox>
  )
}

function AuditList(props: {
  readonly lines: readonly AuditLine[]
  readonly damaged: readonly number[]
  readonly hasMore: boolean
  readonly isLoading: boolean
  readonly onLoad: () => void
}) {
  return (
    <div className="stack">
      <DamagedNote positions={props.damaged} />
      {props.lines.length === 0 ? (
        <EmptyState title="No such act.">
          {props.hasMore ? 'Older ones have not been looked through yet.' : undefined}
        </EmptyState>
      ) : (
        <Table label="Acts" columns={columns} rows={props.lines} rowKey={({ id }) => id} />
      )}
      <LoadOlder hasMore={props.hasMore} isLoading={props.isLoading} onLoad={props.onLoad} />
    </div>
  )
}

const actWords: Readonly<Record<string, string>> = {
  server: 'Server starts',
  clock: 'Clock',
  plans: 'Plans',
  prices: 'Prices',
  customers: 'Customers',
  seats: 'Seats',
  keys: 'Keys',
  extra_usage: 'Extra usage',
  spend_cap: 'Spend caps',
  auto_reload: 'Auto-reload',
  pause: 'Pauses',
  limits: 'Limits',
  money: 'Money',
  drift: 'Drift',
  people: 'People and sign-ins',
  storage: 'Backup and verify',
  erasure: 'Erasure',
}

const columns: readonly Column<AuditLine>[] = [
  {
    id: 'at',
    heading: 'When',
    cell: ({ atMs }) => (
      <span className="nowrap">
        <Clock atMs={atMs} isToTheSecond />
      </span>
    ),
  },
  {
    id: 'act',
    heading: 'Kind',
    room: 'word',
    cell: ({ act }) => <Badge>{actWords[act] ?? act}</Badge>,
  },
  { id: 'what', heading: 'What', room: 'sentence', cell: ({ title }) => title },
  { id: 'whom', heading: 'Whom', room: 'name', cell: (line) => <Whom line={line} /> },
  {
    id: 'actor',
    heading: 'By',
    room: 'name',
    cell: (line) => <Actor line={line} />,
  },
]

/** Who did it; followed, the list shows only what that one did. */
function Actor({ line }: { readonly line: AuditLine }) {
  const { actor, actorName } = line
  const query = new URLSearchParams(useFilters().all)
  query.set('actor', actor)
  return (
    <a href={`#/audit?${query.toString()}`} title={actor} aria-label={`Only what ${actorName} did`}>
      {actorName}
    </a>
  )
}

function Whom({ line }: { readonly line: AuditLine }) {
  const { customer, member } = line
  if (customer === null) return <>{member === null ? '' : (member.name ?? member.id)}</>
  const href = `#/${path`customers/${customer.id}`}`
  return (
    <>
      {member === null ? null : (
        <a className="stacked-link" href={`${href}/${path`members/${member.id}`}/usage`}>
          {member.name ?? member.id}
        </a>
      )}
      <a className={`stacked-link ${member === null ? '' : 'soft'}`} href={href}>
        {customer.name ?? customer.id}
      </a>
    </>
  )
}
