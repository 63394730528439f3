import { ago, clock, clockToTheSecond, countdown, wholeMoment } from '../format/time.ts'
import { useNow } from '../data/server-clock.ts'

/** Moments in the reader's zone, with day, time and zone in full as a tip. */
type Props = { readonly atMs: number }

/** "18:05", or with the day where that is another. */
export function Clock({
  atMs,
  isToTheSecond = false,
}: Props & { readonly isToTheSecond?: boolean }) {
  const nowMs = useNow()
  return <Moment atMs={atMs} text={(isToTheSecond ? clockToTheSecond : clock)(atMs, nowMs)} />
}

/** "in 3 h 12 min", moving. */
export function Countdown({ atMs }: Props) {
  return <Moment atMs={atMs} text={countdown(atMs, useNow())} />
}

/** "3 min ago", moving. */
export function Ago({ atMs }: Props) {
  return <Moment atMs={atMs} text={ago(atMs, useNow())} />
}

function Moment({ atMs, text }: Props & { readonly text: string }) {
  return (
    <time dateTime={new Date(atMs).toISOString()} title={wholeMoment(atMs)} className="number">
      {text}
    </time>
  )
}
