import type { ReactNode } from 'react'
import { Switch as AriaSwitch } from 'react-aria-components/Switch'
import './switch.css'

/** On or off, with effect at once. What it means stands beside it, in the words of its user. */
export function Switch(props: {
  readonly isOn: boolean
  readonly onChange: (isOn: boolean) => void
  readonly children?: ReactNode
  /** Where no words stand beside it. */
  readonly label?: string
  readonly isDisabled?: boolean
}) {
  return (
    <AriaSwitch
      className="switch"
      isSelected={props.isOn}
      onChange={props.onChange}
      isDisabled={props.isDisabled ?? false}
      {...(props.label === undefined ? {} : { 'aria-label': props.label })}
    >
      <span className="switch-track" aria-hidden="true" />
      {props.children}
    </AriaSwitch>
  )
}
