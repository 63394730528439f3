import { CaretDownIcon, CaretSortIcon, CaretUpIcon } from '@radix-ui/react-icons'
import type { ReactNode } from 'react'
import './table.css'

/**
 * A table of rows that come in order from the server. Below 48rem of width each row becomes a block of headings and
 * values. A whole row can be pressed with the mouse; the keyboard and screen readers have the button in its first
 * cell, so `onOpen` makes one there.
 */
export type Column<Row> = {
  readonly id: string
  readonly heading: string
  readonly cell: (row: Row) => ReactNode
  /** Numbers stand at the end, so that digits line up. */
  readonly isNumber?: boolean
  readonly isSortable?: boolean
  /** What usually stands in it: a word is never broken, a name and a sentence keep some room beside long ones. */
  readonly room?: 'word' | 'name' | 'sentence'
  /** The heading is for screen readers only, such as that of a column of buttons. */
  readonly isHeadingHidden?: boolean
}

export type Sort = { readonly columnId: string; readonly direction: 'ascending' | 'descending' }

type TableProps<Row> = {
  readonly label: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly rowKey: (row: Row) => string
  readonly sort?: Sort
  readonly onSort?: (sort: Sort) => void
  readonly onOpen?: (row: Row) => void
  /** What the button in the first cell is called, where its text does not say it. */
  readonly openLabel?: (row: Row) => string
}

export function Table<Row>(props: TableProps<Row>) {
  return (
    <div className="table-box">
      <table className="table" aria-label={props.label}>
        <thead>
          <tr>
            {props.columns.map((column) => (
              <HeadCell key={column.id} column={column} table={props} />
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map((row) => (
            <TableRow key={props.rowKey(row)} row={row} table={props} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function HeadCell<Row>(props: {
  readonly column: Column<Row>
  readonly table: Pick<TableProps<Row>, 'sort' | 'onSort'>
}) {
  const { column, table } = props
  const { sort, onSort } = table
  const isSorted = sort?.columnId === column.id
  const className = column.isNumber === true ? 'end' : undefined
  if (column.isSortable !== true || onSort === undefined) {
    return (
      <th scope="col" className={className}>
        {column.isHeadingHidden === true ? (
          <span className="spoken">{column.heading}</span>
        ) : (
          column.heading
        )}
      </th>
    )
  }
  const next = isSorted && sort.direction === 'ascending' ? 'descending' : 'ascending'
  return (
    <th scope="col" className={className} aria-sort={isSorted ? sort.direction : 'none'}>
      <button
        type="button"
        className="sort"
        onClick={() => onSort({ columnId: column.id, direction: next })}
      >
        {column.heading}
        {isSorted ? (
          sort.direction === 'ascending' ? (
            <CaretUpIcon aria-hidden="true" />
          ) : (
            <CaretDownIcon aria-hidden="true" />
          )
        ) : (
          <CaretSortIcon aria-hidden="true" />
        )}
      </button>
    </th>
  )
}

function TableRow<Row>({ row, table }: { readonly row: Row; readonly table: TableProps<Row> }) {
  const { columns, onOpen, openLabel } = table
  const open = onOpen === undefined ? undefined : () => onOpen(row)
  return (
    // The press on the row repeats, for the mouse, what the button in its first cell does for everybody.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions -- the button in the first cell takes the keys
    <tr
      className={open === undefined ? undefined : 'pressable'}
      onClick={(event) => pressRow(event.target, open)}
    >
      {columns.map((column, index) => {
        const isLead = index === 0
        const content = column.cell(row)
        return (
          <td
            key={column.id}
            data-heading={column.isHeadingHidden === true ? '' : column.heading}
            className={`${column.room ?? ''} ${column.isNumber === true ? 'end' : ''} ${isLead ? 'lead' : ''}`}
          >
            {isLead && open !== undefined ? (
              <button
                type="button"
                className="row-open"
                onClick={(event) => {
                  event.stopPropagation()
                  open()
                }}
              >
                {content}
                {openLabel === undefined ? null : (
                  <span className="spoken">, {openLabel(row)}</span>
                )}
              </button>
            ) : isEmpty(content) ? null : (
              <div>{content}</div>
            )}
          </td>
        )
      })}
    </tr>
  )
}

const isEmpty = (content: ReactNode): boolean =>
  content === null || content === undefined || content === ''

/** A press on a link or a button within the row is that one's; and a reader who marks text presses nothing. */
function pressRow(target: EventTarget, open: (() => void) | undefined): void {
  if (open === undefined || !(target instanceof Element)) return
  if (target.closest('a, button, input, select, label') !== null) return
  if ((getSelection()?.toString() ?? '') !== '') return
  open()
}
