import { useLive } from '../data/live.ts'
import { Clock } from '../ui/moment.tsx'

/** Whether the figures on screen are current, and since when they are not. */
export function LiveMark() {
  const live = useLive()
  return (
    <p role="status" className={`live-mark ${live.state}`}>
      {live.state === 'live' ? (
        'Live'
      ) : live.state === 'stale' ? (
        <span>
          Stale since <Clock atMs={live.sinceMs} isToTheSecond />
        </span>
      ) : (
        'Connecting'
      )}
    </p>
  )
}
