import type { ReactNode } from 'react'
import { Button as AriaButton } from 'react-aria-components/Button'
import './button.css'

/**
 * What a reader can press. `main` is the one that most come for, of which a view has one; `danger` undoes or ends
 * something. While `isPending` it keeps the focus, says so, and cannot be pressed again.
 */
type ButtonKind = 'plain' | 'main' | 'danger' | 'danger-main' | 'quiet'

export type ButtonProps = {
  readonly children: ReactNode
  readonly onPress?: () => void
  readonly kind?: ButtonKind
  readonly size?: 'normal' | 'small'
  readonly type?: 'button' | 'submit'
  readonly icon?: ReactNode
  readonly isDisabled?: boolean
  readonly isPending?: boolean
  /** Where the words on it do not say enough, such as in a row of a table. */
  readonly label?: string
  readonly form?: string
  /** Closes the dialog that it stands in. */
  readonly slot?: 'close'
}

export function Button(props: ButtonProps) {
  const { kind = 'plain', size = 'normal', isPending = false, type = 'button' } = props
  return (
    <AriaButton
      className={`button ${kind} ${size === 'small' ? 'small' : ''}`}
      type={type}
      isDisabled={props.isDisabled ?? false}
      isPending={isPending}
      {...(props.onPress === undefined ? {} : { onPress: props.onPress })}
      {...(props.label === undefined ? {} : { 'aria-label': props.label })}
      {...(props.form === undefined ? {} : { form: props.form })}
      {...(props.slot === undefined ? {} : { slot: props.slot })}
    >
      {isPending ? <span className="spinner" aria-hidden="true" /> : props.icon}
      {props.children}
    </AriaButton>
  )
}

/** A link that looks like a button; `href` is an address of the console (`#/usage`) or of the server. */
export function ButtonLink(props: {
  readonly children: ReactNode
  readonly href: string
  readonly kind?: ButtonKind
  readonly size?: 'normal' | 'small'
  readonly icon?: ReactNode
  readonly download?: string
}) {
  const { kind = 'plain', size = 'normal' } = props
  return (
    <a
      className={`button ${kind} ${size === 'small' ? 'small' : ''}`}
      href={props.href}
      {...(props.download === undefined ? {} : { download: props.download })}
    >
      {props.icon}
      {props.children}
    </a>
  )
}

/** A button that is an icon; `label` is what it is called, and what shows when a pointer rests on it. */
export function IconButton(props: {
  readonly label: string
  readonly children: ReactNode
  readonly onPress?: () => void
  readonly size?: 'normal' | 'small'
  readonly isDisabled?: boolean
  readonly slot?: 'close'
}) {
  return (
    <span title={props.label}>
      <AriaButton
        className={`icon-button ${props.size === 'small' ? 'small' : ''}`}
        aria-label={props.label}
        isDisabled={props.isDisabled ?? false}
        {...(props.onPress === undefined ? {} : { onPress: props.onPress })}
        {...(props.slot === undefined ? {} : { slot: props.slot })}
      >
        {props.children}
      </AriaButton>
    </span>
  )
}
