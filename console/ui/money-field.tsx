import { useState } from 'react'
import { decimalSeparator, parseMoney } from '../format/money.ts'
import { TextField } from './fields.tsx'

/**
 * An amount of money as the reader's locale writes it. What is handed on is nanos, exact, or null while the text is
 * no amount.
 */
export function MoneyField(props: {
  readonly label: string
  readonly currencySymbol: string
  readonly startText?: string
  readonly onChange: (nanos: bigint | null) => void
  readonly hint?: string
  readonly problem?: string | null
  readonly isDisabled?: boolean
  readonly hasFirstFocus?: boolean
}) {
  const [text, setText] = useState(props.startText ?? '')
  const isWrong = text.trim() !== '' && parseMoney(text) === null
  return (
    <TextField
      label={props.label}
      value={text}
      prefix={props.currencySymbol}
      inputMode="decimal"
      placeholder={`0${decimalSeparator()}00`}
      onChange={(next) => {
        setText(next)
        props.onChange(parseMoney(next))
      }}
      problem={isWrong ? 'Write an amount, such as 25 or 12.50.' : (props.problem ?? null)}
      isDisabled={props.isDisabled ?? false}
      hasFirstFocus={props.hasFirstFocus ?? false}
      {...(props.hint === undefined ? {} : { hint: props.hint })}
    />
  )
}
