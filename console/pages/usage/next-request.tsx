import type { UsageAnswer } from '../../../src/admin/contract/answers.ts'
import { Clock, Countdown } from '../../ui/moment.tsx'

/** What pays for the next request, in the server's words, and from when the plan pays again. */
export function NextRequest({ usage }: { readonly usage: UsageAnswer }) {
  return (
    <ul className="next">
      {usage.blocked === null ? null : (
        <li className="nobody">
          <span className="dot" aria-hidden="true" />
          <p className="sentence">{usage.blocked.sentence}</p>
        </li>
      )}
      {usage.nextPayers.map((next) => (
        <li key={next.sentence} className={next.payer}>
          <span className="dot" aria-hidden="true" />
          <p className="sentence">{next.sentence}</p>
          {next.planPaysAgainMs === null ? null : (
            <p className="again">
              The plan pays again from <Clock atMs={next.planPaysAgainMs} />,{' '}
              <Countdown atMs={next.planPaysAgainMs} />.
            </p>
          )}
        </li>
      ))}
    </ul>
  )
}
