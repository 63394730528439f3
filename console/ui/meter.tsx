import './meter.css'

type Tone = 'plain' | 'warn' | 'bad'

/** One rule for every bar: from three quarters on it warns, from nine tenths on it is serious. */
export const toneOf = (percent: number): Tone =>
  percent >= 90 ? 'bad' : percent >= 75 ? 'warn' : 'plain'

/** How much of an amount is used, and how much more running requests hold. */
export function Meter(props: {
  readonly label: string
  /** Shares of the whole in percent, for drawing. */
  readonly usedShare: number
  readonly heldShare?: number
  /** Said instead of the bare percent. */
  readonly words: string
  readonly tone?: Tone
}) {
  const used = within(props.usedShare)
  const held = Math.min(within(props.heldShare ?? 0), 100 - used)
  return (
    <div
      className={`meter ${props.tone ?? 'plain'}`}
      role="meter"
      aria-label={props.label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.floor(used)}
      aria-valuetext={props.words}
    >
      <span className="used" style={{ width: `${used}%` }} />
      <span className="held" style={{ width: `${held}%` }} />
    </div>
  )
}

/** How far a piece of work is. */
export function ProgressBar(props: {
  readonly label: string
  readonly done: number
  readonly total: number
}) {
  const percent = props.total <= 0 ? 0 : within((props.done / props.total) * 100)
  return (
    <div
      className="progress"
      role="progressbar"
      aria-label={props.label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.floor(percent)}
    >
      <span style={{ width: `${percent}%` }} />
    </div>
  )
}

const within = (percent: number): number => Math.min(100, Math.max(0, percent))

/** The share of a part in percent with two decimals, for drawing only; the digits may be longer than a number holds. */
export function shareOf(part: bigint, whole: bigint): number {
  if (whole <= 0n || part >= whole) return 100
  return part <= 0n ? 0 : Number((part * 10_000n) / whole) / 100
}
