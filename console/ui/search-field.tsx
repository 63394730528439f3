import { useEffect, useEffectEvent, useState } from 'react'
import { TextField } from './fields.tsx'

/** Letters are searched for once the reader rests for a moment; the search itself lives in the address. */
const restMs = 250

export function SearchField(props: {
  readonly label: string
  /** It stands within the field instead. */
  readonly isLabelHidden?: boolean
  readonly value: string
  readonly onSearch: (text: string) => void
}) {
  const { value } = props
  const [text, setText] = useState(value)
  const [known, setKnown] = useState(value)
  if (value !== known) {
    // Somebody went to another address: what was searched for there stands here now.
    setKnown(value)
    if (text.trim() !== value) setText(value)
  }
  const onSearch = useEffectEvent(props.onSearch)
  useEffect(() => {
    if (text.trim() === value) return undefined
    const timer = setTimeout(() => onSearch(text.trim()), restMs)
    return () => clearTimeout(timer)
  }, [text, value])
  return (
    <TextField
      label={props.label}
      isLabelHidden={props.isLabelHidden ?? false}
      type="search"
      inputMode="search"
      {...(props.isLabelHidden === true ? { placeholder: props.label } : {})}
      lengthMax={100}
      value={text}
      onChange={setText}
    />
  )
}
