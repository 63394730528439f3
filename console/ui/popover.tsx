import { QuestionMarkCircledIcon } from '@radix-ui/react-icons'
import type { ReactNode } from 'react'
import { Button as AriaButton } from 'react-aria-components/Button'
import { Dialog, DialogTrigger } from 'react-aria-components/Dialog'
import { Popover as AriaPopover } from 'react-aria-components/Popover'
import './dialog.css'

/** Something that opens below a button, for a mouse, a finger and the keyboard alike. */
export function Popover(props: {
  /** What the button is called. */
  readonly label: string
  readonly button: ReactNode
  readonly buttonClass: string
  readonly kind?: 'words' | 'menu'
  readonly children: ReactNode | ((close: () => void) => ReactNode)
}) {
  const { children } = props
  return (
    <DialogTrigger>
      <AriaButton className={props.buttonClass} aria-label={props.label}>
        {props.button}
      </AriaButton>
      <AriaPopover className={`popover ${props.kind ?? 'words'}`} offset={6}>
        <Dialog aria-label={props.label}>
          {typeof children === 'function' ? ({ close }) => children(close) : children}
        </Dialog>
      </AriaPopover>
    </DialogTrigger>
  )
}

/** A question mark behind a word, which explains it. */
export function Help(props: { readonly about: string; readonly children: ReactNode }) {
  return (
    <Popover
      label={`What is ${props.about}?`}
      button={<QuestionMarkCircledIcon />}
      buttonClass="icon-button small"
    >
      <div className="small">{props.children}</div>
    </Popover>
  )
}
