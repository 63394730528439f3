import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { UnreadableAnswer } from '../../../src/admin/contract/customers.ts'
import { go, useFilters } from '../../data/address.ts'
import { plural } from '../../format/numbers.ts'
import { LoadOlder } from '../../ui/load-older.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { EmptyState, Pending } from '../../ui/states.tsx'
import { Table, type Column } from '../../ui/table.tsx'
import { UnreadableNote } from '../../ui/unreadable-note.tsx'
import './customers.css'

type AccountListProps<Row, Answer> = {
  /** What one of them is called; all of them get an s. */
  readonly noun: string
  readonly search: string
  readonly query: UseInfiniteQueryResult<InfiniteData<Answer>>
  readonly rowsOf: (answer: Answer) => readonly Row[]
  readonly rowKey: (row: Row) => string
  readonly columns: readonly Column<Row>[]
  /** The address, within the console, of what a row is about. */
  readonly placeOf: (row: Row) => string
  /** What one of them is, where there is none yet. */
  readonly whenNone: ReactNode
}

/** Customers or members, found by name or id; what is searched for stands in the address. */
export function AccountList<
  Row,
  Answer extends { readonly unreadable: readonly UnreadableAnswer[] },
>(props: AccountListProps<Row, Answer>) {
  const { set } = useFilters()
  return (
    <>
      <div className="list-search">
        <SearchField
          label={`Search ${props.noun}s by name or id`}
          isLabelHidden
          value={props.search}
          onSearch={(text) => set({ search: text })}
        />
      </div>
      <Found {...props} />
    </>
  )
}

function Found<Row, Answer extends { readonly unreadable: readonly UnreadableAnswer[] }>(
  props: AccountListProps<Row, Answer>,
) {
  const { noun, search, query } = props
  const { data, error, refetch } = query
  if (data === undefined) return <Pending error={error} refetch={refetch} lines={7} />
  const rows = data.pages.flatMap((page) => props.rowsOf(page))
  const unreadable = data.pages.flatMap((page) => page.unreadable)
  if (rows.length === 0 && unreadable.length === 0) {
    return search === '' ? (
      <EmptyState title={`There is no ${noun} yet.`}>{props.whenNone}</EmptyState>
    ) : (
      <EmptyState title={`No ${noun} is called “${search}”.`}>
        A search looks into names and ids; capitals and accents make no difference.
      </EmptyState>
    )
  }
  return (
    <>
      <UnreadableNote accounts={unreadable} />
      {rows.length === 0 ? null : (
        <Table
          label={`${noun.charAt(0).toUpperCase()}${noun.slice(1)}s`}
          columns={props.columns}
          rows={rows}
          rowKey={props.rowKey}
          onOpen={(row) => go(props.placeOf(row))}
        />
      )}
      <LoadOlder
        hasMore={query.hasNextPage}
        isLoading={query.isFetchingNextPage}
        onLoad={() => void query.fetchNextPage()}
        label={`Show more ${noun}s`}
        endWords={`${plural(rows.length, noun)}.`}
      />
    </>
  )
}
