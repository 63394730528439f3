import { moneyParts } from '../format/money.ts'

/** An amount, exact; what is below the cent stands smaller. */
export function Money(props: { readonly nanos: string | bigint; readonly symbol: string }) {
  const [upToTheCent, below, rest] = moneyParts(props.nanos, props.symbol)
  return (
    <span className="money number">
      {upToTheCent}
      {below === '' ? null : <span className="below-the-cent">{below}</span>}
      {rest}
    </span>
  )
}
