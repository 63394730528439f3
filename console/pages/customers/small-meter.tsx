import { count } from '../../format/numbers.ts'
import { Meter, toneOf } from '../../ui/meter.tsx'
import './customers.css'

/** A bar for a row of a table, with its percent beside it. */
export function SmallMeter(props: { readonly label: string; readonly percent: number }) {
  const { label, percent } = props
  const words = `${count(percent)} %`
  return (
    <span className="small-meter">
      <Meter label={label} usedShare={percent} words={words} tone={toneOf(percent)} />
      <span className={`number ${percent >= 75 ? toneOf(percent) : ''}`}>{words}</span>
    </span>
  )
}
