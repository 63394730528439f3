import { useFilters } from '../../data/address.ts'
import type { Scope } from '../../data/scope.ts'
import { useSession } from '../../data/session.ts'
import { count } from '../../format/numbers.ts'
import { Badge } from '../../ui/badge.tsx'
import { LoadOlder } from '../../ui/load-older.tsx'
import { Clock } from '../../ui/moment.tsx'
import { Money } from '../../ui/money.tsx'
import { EmptyState, Note, Pending } from '../../ui/states.tsx'
import { Table, type Column } from '../../ui/table.tsx'
import { useHistory, type Line } from './history-query.ts'
import { sourceWords } from './words.ts'
import './history-page.css'

/** Lines, newest first; a request opens in full. */
export function HistoryList({ scope }: { readonly scope: Scope }) {
  const { currencySymbol: symbol } = useSession()
  const filters = useFilters()
  const query = useHistory(scope)
  const { data } = query
  if (data === undefined) {
    return <Pending error={query.error} refetch={query.refetch} lines={8} />
  }
  const lines = data.pages.flatMap((page) => page.lines.toReversed())
  const searchedToMs = data.pages.at(-1)?.searchedToMs ?? null
  const open = (line: Line): void => {
    if (line.request === null) return
    const of = scope.kind === 'customer' ? (line.memberId ?? '') : ''
    filters.set({ request: line.request.holdId, of })
  }
  return (
    <div className="stack">
      {lines.length === 0 ? (
        <EmptyState title={query.hasNextPage ? 'Nothing found yet.' : 'Nothing of that kind.'}>
          {searchedToMs === null ? (
            'The first request, top-up or setting appears here at once.'
          ) : (
            <>
              Looked through everything since <Clock atMs={searchedToMs} />.
            </>
          )}
        </EmptyState>
      ) : (
        <>
          <Sum pages={data.pages} symbol={symbol} />
          <Table
            label="History"
            columns={columnsFor(symbol, { hasMembers: scope.kind === 'customer' })}
            rows={lines}
            rowKey={rowKey}
            onOpen={open}
            openLabel={openLabel}
          />
        </>
      )}
      <LoadOlder
        hasMore={query.hasNextPage}
        isLoading={query.isFetchingNextPage}
        onLoad={() => void query.fetchNextPage()}
        label={lines.length === 0 ? 'Search on' : 'Load older'}
        endWords="That is the beginning."
      />
    </div>
  )
}

/** What is shown, added up once more. */
function Sum(props: {
  readonly pages: readonly {
    readonly openingNanos: string
    readonly closingNanos: string
    readonly leftOutNanos: string
    readonly addsUp: boolean
    readonly position: number
  }[]
  readonly symbol: string
}) {
  const { pages, symbol } = props
  const [newest] = pages
  const oldest = pages.at(-1)
  if (newest === undefined || oldest === undefined) return null
  const leftOut = pages.reduce((sum, page) => sum + BigInt(page.leftOutNanos), 0n)
  if (!pages.every(({ addsUp }) => addsUp)) {
    return (
      <Note tone="bad" title="These lines do not add up.">
        <p>Tell your operator: the journal has to be verified.</p>
      </Note>
    )
  }
  return (
    <p className="soft small">
      Opening balance <Money nanos={oldest.openingNanos} symbol={symbol} />, every change
      {leftOut === 0n ? null : (
        <>
          {' '}
          and <Money nanos={leftOut} symbol={symbol} /> of lines that are filtered out
        </>
      )}{' '}
      give <Money nanos={newest.closingNanos} symbol={symbol} />. It adds up, as of entry{' '}
      {count(newest.position)}.
    </p>
  )
}

const rowKey = ({ position, kind, changeNanos }: Line): string =>
  `${position} ${kind} ${changeNanos}`

const openLabel = ({ request, title }: Line): string =>
  request === null ? title : `Request ${title}`

function columnsFor(
  symbol: string,
  { hasMembers }: { readonly hasMembers: boolean },
): readonly Column<Line>[] {
  const member: Column<Line> = {
    id: 'member',
    heading: 'Member',
    cell: ({ memberId }) => memberId ?? '',
  }
  return [
    { id: 'what', heading: 'What', cell: (line) => <What line={line} /> },
    { id: 'when', heading: 'When', cell: ({ atMs }) => <Clock atMs={atMs} isToTheSecond /> },
    ...(hasMembers ? [member] : []),
    {
      id: 'cost',
      heading: 'Cost',
      isNumber: true,
      cell: ({ request }) =>
        request === null ? '' : <Money nanos={request.costNanos} symbol={symbol} />,
    },
    {
      id: 'source',
      heading: 'Paid by',
      cell: ({ request }) => (request === null ? '' : sourceWords[request.source]),
    },
    {
      id: 'change',
      heading: 'Change',
      isNumber: true,
      cell: ({ changeNanos }) => <Change nanos={changeNanos} symbol={symbol} />,
    },
    {
      id: 'balance',
      heading: 'Balance',
      isNumber: true,
      cell: ({ balanceNanos }) => <Money nanos={balanceNanos} symbol={symbol} />,
    },
  ]
}

function What({ line }: { readonly line: Line }) {
  const { title, request, expiresAtMs } = line
  return (
    <>
      <span className="history-title">{title}</span>
      {request?.isEstimate === true ? <Badge tone="warn">Estimated</Badge> : null}
      {request?.isLate === true ? <Badge tone="warn">Settled late</Badge> : null}
      {expiresAtMs === null ? null : (
        <span className="soft small">
          {' '}
          until <Clock atMs={expiresAtMs} />
        </span>
      )}
    </>
  )
}

function Change({ nanos, symbol }: { readonly nanos: string; readonly symbol: string }) {
  if (nanos === '0') return null
  const isLess = nanos.startsWith('-')
  return (
    <span className={isLess ? '' : 'good'}>
      {isLess ? '' : '+'}
      <Money nanos={nanos} symbol={symbol} />
    </span>
  )
}
