import { useId, type ReactNode } from 'react'
import './card.css'

/** A sheet of a page with its heading; a landmark, so that it can be jumped to. */
export function Card(props: {
  readonly title?: string
  readonly lead?: ReactNode
  /** Buttons and links at the right of the heading. */
  readonly actions?: ReactNode
  readonly children?: ReactNode
}) {
  const titleId = useId()
  if (props.title === undefined) return <section className="card">{props.children}</section>
  return (
    <section className="card" aria-labelledby={titleId}>
      <header className="card-head">
        <div>
          <h2 id={titleId}>{props.title}</h2>
          {props.lead === undefined ? null : <p className="soft small">{props.lead}</p>}
        </div>
        {props.actions === undefined ? null : <div className="row">{props.actions}</div>}
      </header>
      {props.children}
    </section>
  )
}

/** Large numbers side by side; holds `Figure`s. */
export function Figures({ children }: { readonly children: ReactNode }) {
  return <dl className="figures">{children}</dl>
}

export function Figure(props: {
  readonly label: string
  readonly value: ReactNode
  readonly note?: ReactNode
  readonly tone?: 'plain' | 'warn' | 'bad'
}) {
  return (
    <div className={`figure ${props.tone ?? 'plain'}`}>
      <dt>{props.label}</dt>
      <dd className="value">{props.value}</dd>
      {props.note === undefined ? null : <dd className="figure-note">{props.note}</dd>}
    </div>
  )
}

/** Names and values below each other. A row whose value is undefined is left out. */
export function Facts({ rows }: { readonly rows: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="facts">
      {rows
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => [
          <dt key={`${name} name`}>{name}</dt>,
          <dd key={name}>{value}</dd>,
        ])}
    </dl>
  )
}
