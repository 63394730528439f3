import { useState, type ReactNode } from 'react'
import './filter-box.css'

/**
 * The filters of a list, side by side. On a phone they would push the list off the screen, so there they are folded
 * away until somebody wants them, or one of them is set.
 */
export function FilterBox(props: { readonly isSet: boolean; readonly children: ReactNode }) {
  const [isOpen, setOpen] = useState(() => props.isSet || matchMedia('(min-width: 44rem)').matches)
  return (
    <details
      className="filter-box"
      open={isOpen}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>Filters</summary>
      <div className="filters" role="search" aria-label="Filters">
        {props.children}
      </div>
    </details>
  )
}
