import { useEffect, useRef, type ReactNode } from 'react'
import './page.css'

/**
 * What every page is: a title, which is the tab's too, perhaps a sentence and buttons, then its cards. Coming from
 * another page, the heading takes the focus, so that a screen reader starts there.
 */
let isFirstPage = true

export function Page(props: {
  readonly title: string
  /** Stands before the title in the tab, such as "82 %". */
  readonly tabPrefix?: string
  readonly lead?: ReactNode
  /** The page above this one. */
  readonly parent?: { readonly href: string; readonly title: string }
  readonly actions?: ReactNode
  readonly children: ReactNode
}) {
  const heading = useRef<HTMLHeadingElement>(null)
  const { title, tabPrefix } = props
  useEffect(() => {
    document.title = `${tabPrefix === undefined ? '' : `${tabPrefix} `}${title} · Plimsoll`
  }, [title, tabPrefix])
  useEffect(() => {
    if (!isFirstPage) heading.current?.focus({ preventScroll: true })
    isFirstPage = false
  }, [])
  return (
    <div className="page">
      <header className="page-head">
        <div>
          {props.parent === undefined ? null : (
            <a className="crumb" href={props.parent.href}>
              ← {props.parent.title}
            </a>
          )}
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {props.lead === undefined ? null : <p>{props.lead}</p>}
        </div>
        {props.actions === undefined ? null : <div className="row">{props.actions}</div>}
      </header>
      {props.children}
    </div>
  )
}
