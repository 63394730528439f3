import { useState, type ReactNode } from 'react'
import { useFilters } from '../data/address.ts'
import { Button } from './button.tsx'
import { Select, TextField } from './fields.tsx'
import './filter-box.css'

/**
 * The filters of a list, side by side, and what clears them. On a phone they would push the list off the screen, so
 * there they are folded away until somebody wants them, or one of them is set. The address keeps them under `names`.
 */
export function FilterBox(props: {
  readonly names: readonly string[]
  readonly children: ReactNode
}) {
  const { names } = props
  const filters = useFilters()
  const isSet = names.some((name) => filters.get(name) !== '')
  const [isOpen, setOpen] = useState(() => isSet || matchMedia('(min-width: 44rem)').matches)
  return (
    <details
      className="filter-box"
      open={isOpen}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>Filters</summary>
      <div className="filters" role="search" aria-label="Filters">
        {props.children}
        {isSet ? (
          <div className="row">
            <Button
              kind="quiet"
              onPress={() => filters.set(Object.fromEntries(names.map((name) => [name, ''])))}
            >
              Clear the filters
            </Button>
          </div>
        ) : null}
      </div>
    </details>
  )
}

export function TextFilter(props: {
  readonly name: string
  readonly label: string
  readonly type?: 'search' | 'datetime-local'
}) {
  const { name, label, type = 'search' } = props
  const filters = useFilters()
  return (
    <TextField
      label={label}
      type={type}
      value={filters.get(name)}
      onChange={(value) => filters.set({ [name]: value.trim() })}
    />
  )
}

export function SelectFilter(props: {
  readonly name: string
  readonly label: string
  readonly options: Parameters<typeof Select>[0]['options']
}) {
  const { name, label, options } = props
  const filters = useFilters()
  return (
    <Select
      label={label}
      value={filters.get(name)}
      options={options}
      onChange={(value) => filters.set({ [name]: value })}
    />
  )
}

/** From one moment until another, by the reader's clock. */
export function RangeFilters() {
  return (
    <>
      <TextFilter name="from" label="From" type="datetime-local" />
      <TextFilter name="to" label="Until" type="datetime-local" />
    </>
  )
}
