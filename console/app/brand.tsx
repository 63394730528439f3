/** The mark that ships carry on their side: loaded up to the line and no further. */
export function Brand({ href }: { readonly href?: string }) {
  const content = (
    <>
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <circle cx="16" cy="16" r="11" fill="none" stroke="currentColor" strokeWidth="3" />
        <path d="M1 16h30" stroke="currentColor" strokeWidth="3" />
      </svg>
      Plimsoll
    </>
  )
  return href === undefined ? (
    <p className="brand">{content}</p>
  ) : (
    <a className="brand" href={href}>
      {content}
    </a>
  )
}
