import { useState } from 'react'
import { Checkbox, TextField } from './fields.tsx'

/** A new password, typed once and shown on request: typing it blindly twice finds fewer mistakes than looking. */
export function NewPasswordField(props: {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly problem?: string | null
  readonly hasFirstFocus?: boolean
}) {
  const [isShown, setShown] = useState(false)
  return (
    <div className="stack">
      <TextField
        label={props.label}
        type={isShown ? 'text' : 'password'}
        value={props.value}
        onChange={props.onChange}
        autoComplete="new-password"
        name="new-password"
        hint="At least 12 characters. A few unrelated words are long enough, and easy to keep in mind."
        isRequired
        {...(props.problem === undefined ? {} : { problem: props.problem })}
        {...(props.hasFirstFocus === true ? { hasFirstFocus: true } : {})}
      />
      <Checkbox label="Show it" isChecked={isShown} onChange={setShown} />
    </div>
  )
}
