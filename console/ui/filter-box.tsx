import { useState, type ReactNode } from 'react'
import { useFilters } from '../data/address.ts'
import { Button } from './button.tsx'
import { Select, TextField } from './fields.tsx'
import { SearchField } from './search-field.tsx'
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
  const [round, setRound] = useState(0)
  const clear = (): void => {
    filters.set(Object.fromEntries(names.map((name) => [name, ''])))
    // What is typed and not asked for yet goes, too.
    setRound(round + 1)
  }
  return (
    <details
      className="filter-box"
      open={isOpen}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>Filters</summary>
      <div key={round} className="filters" role="search" aria-label="Filters">
        {props.children}
        {isSet ? (
          <div className="row">
            <Button kind="quiet" onPress={clear}>
              Clear the filters
            </Button>
          </div>
        ) : null}
      </div>
    </details>
  )
}

/** Letters are asked for once the reader rests: each question of a history may read through all of it. */
export function TextFilter({ name, label }: { readonly name: string; readonly label: string }) {
  const filters = useFilters()
  return (
    <SearchField
      label={label}
      value={filters.get(name)}
      onSearch={(text) => filters.set({ [name]: text })}
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
  const filters = useFilters()
  return (
    [
      ['from', 'From'],
      ['to', 'Until'],
    ] as const
  ).map(([name, label]) => (
    <TextField
      key={name}
      label={label}
      type="datetime-local"
      value={filters.get(name)}
      onChange={(value) => filters.set({ [name]: value })}
    />
  ))
}
