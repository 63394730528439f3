/** Drawn over the colours of series, so that they are told apart without them; the first has none. */
const drawings = [
  '',
  'M-1,1 l2,-2 M0,6 l6,-6 M5,7 l2,-2',
  'M2,2 h1.5 v1.5 h-1.5 z M5,5 h1.5 v1.5 h-1.5 z',
  'M3,0 v6',
  'M0,3 h6',
  'M0,0 l6,6 M6,0 l-6,6',
]

export function Patterns({ id, count }: { readonly id: string; readonly count: number }) {
  return (
    <defs>
      {drawings.slice(0, count).map((path, index) => (
        <pattern
          key={index}
          id={`${id}-${index + 1}`}
          width={6}
          height={6}
          patternUnits="userSpaceOnUse"
        >
          <path d={path} className="chart-pattern" />
        </pattern>
      ))}
    </defs>
  )
}

/** The colour and pattern of one series, for a legend. */
export function Swatch({ id, index }: { readonly id: string; readonly index: number }) {
  return (
    <svg width={14} height={14} aria-hidden="true" className="swatch">
      <rect width={14} height={14} rx={3} className={`series series-${index + 1}`} />
      <rect width={14} height={14} rx={3} fill={`url(#${id}-${index + 1})`} />
    </svg>
  )
}
