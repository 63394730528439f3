import {
  CheckCircledIcon,
  CrossCircledIcon,
  ExclamationTriangleIcon,
  InfoCircledIcon,
} from '@radix-ui/react-icons'
import type { ReactNode } from 'react'
import { ApiFailure } from '../data/api.ts'
import type { Tone } from './badge.tsx'
import { Button } from './button.tsx'
import './states.css'

/** What a page shows where there is nothing yet, something failed, or something has to be said. */

/** A sentence or two that stand out. `isAlert` is read out at once, for what just happened. */
export function Note(props: {
  readonly tone?: Tone
  readonly title?: string
  readonly children?: ReactNode
  readonly isAlert?: boolean
}) {
  const tone = props.tone ?? 'plain'
  return (
    <div className={`note ${tone}`} role={props.isAlert === true ? 'alert' : undefined}>
      {icons[tone]}
      <div>
        {props.title === undefined ? null : <p className="strong">{props.title}</p>}
        {props.children}
      </div>
    </div>
  )
}

const icons: Readonly<Record<Tone, ReactNode>> = {
  plain: <InfoCircledIcon aria-hidden="true" />,
  accent: <InfoCircledIcon aria-hidden="true" />,
  good: <CheckCircledIcon aria-hidden="true" />,
  warn: <ExclamationTriangleIcon aria-hidden="true" />,
  bad: <CrossCircledIcon aria-hidden="true" />,
}

/** Why a command failed, and what to do about it. */
export function FailureNote({ failure }: { readonly failure: unknown }) {
  const { message, remedy } = ApiFailure.of(failure)
  return (
    <Note tone="bad" title={message} isAlert>
      {remedy === '' ? null : <p>{remedy}</p>}
    </Note>
  )
}

/** In place of figures that could not be read. */
export function ErrorState(props: {
  readonly title?: string
  readonly failure: unknown
  readonly onRetry?: () => void
}) {
  const { message, remedy } = ApiFailure.of(props.failure)
  return (
    <div className="empty" role="alert">
      <CrossCircledIcon aria-hidden="true" className="bad" />
      <p className="strong">{props.title ?? message}</p>
      <p className="soft">
        {props.title === undefined ? '' : `${message} `}
        {remedy}
      </p>
      {props.onRetry === undefined ? null : <Button onPress={props.onRetry}>Try again</Button>}
    </div>
  )
}

/** Where a list has nothing yet: says what will stand here, and how the first comes about. */
export function EmptyState(props: {
  readonly title: string
  readonly children?: ReactNode
  readonly icon?: ReactNode
  readonly action?: ReactNode
}) {
  return (
    <div className="empty">
      {props.icon}
      <p className="strong">{props.title}</p>
      {props.children === undefined ? null : <p className="soft">{props.children}</p>}
      {props.action}
    </div>
  )
}

/** Grey lines where something is being read. */
export function Skeleton({ lines = 3 }: { readonly lines?: number }) {
  return (
    <div className="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} />
      ))}
    </div>
  )
}

/** In place of what is not read yet: grey lines, or why it could not be read. */
export function Pending(props: {
  readonly error: unknown
  readonly refetch: () => unknown
  readonly lines?: number
}) {
  const { error, refetch, lines = 3 } = props
  return error === null ? (
    <Skeleton lines={lines} />
  ) : (
    <ErrorState failure={error} onRetry={() => void refetch()} />
  )
}
