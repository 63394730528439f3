import { Clock } from '../../ui/moment.tsx'
import type { Column } from '../../ui/table.tsx'

/** What every list of decisions begins with: when, and whose. */
type DecisionLine = {
  readonly atMs: number
  readonly customerId: string
  readonly memberId: string
  readonly customer: { readonly name: string | null }
  readonly member: { readonly name: string | null } | null
}

/** `opens` is said to whoever hears the page, with the member's name behind it. */
export function firstColumns<Line extends DecisionLine>(
  heading: string,
  opens: (name: string) => string,
): readonly Column<Line>[] {
  return [
    {
      id: 'at',
      heading,
      cell: (line) => (
        <>
          <span className="nowrap">
            <Clock atMs={line.atMs} isToTheSecond />
          </span>
          <span className="spoken">: {opens(line.member?.name ?? line.memberId)}</span>
        </>
      ),
    },
    {
      id: 'member',
      heading: 'Member',
      room: 'name',
      cell: (line) => (
        <>
          {line.member?.name ?? line.memberId}
          <br />
          <span className="soft">{line.customer.name ?? line.customerId}</span>
        </>
      ),
    },
  ]
}
