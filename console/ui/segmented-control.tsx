import { useId } from 'react'
import type { Option } from './fields.tsx'
import './tabs.css'

/** A choice among two to five short words, such as "Hour" and "Day". Radio buttons underneath. */
export function SegmentedControl<Value extends string>(props: {
  readonly label: string
  readonly value: Value
  readonly onChange: (value: Value) => void
  readonly options: readonly Option<Value>[]
}) {
  const name = useId()
  return (
    <div role="radiogroup" aria-label={props.label} className="segments">
      {props.options.map(({ value, label }) => (
        <label key={value} className="segment">
          <input
            type="radio"
            name={name}
            value={value}
            checked={value === props.value}
            onChange={() => props.onChange(value)}
          />
          {label}
        </label>
      ))}
    </div>
  )
}
