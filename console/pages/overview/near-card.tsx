import type { OverviewAnswer } from '../../../src/admin/contract/desk.ts'
import { path } from '../../data/api.ts'
import { count, percent, plural } from '../../format/numbers.ts'
import { Card } from '../../ui/card.tsx'
import { Meter, toneOf } from '../../ui/meter.tsx'
import { Countdown } from '../../ui/moment.tsx'
import { EmptyState } from '../../ui/states.tsx'

type Near = OverviewAnswer['near']['members'][number]

/** Who is nearest to a limit, so that a call comes before a refusal does. */
export function NearCard({ near }: { readonly near: OverviewAnswer['near'] }) {
  return (
    <Card
      title="Nearest to a limit"
      lead={`${count(near.lookedAtCount)} of ${plural(near.memberCount, 'member')} looked at, those that asked last first.`}
    >
      {near.members.length === 0 ? (
        <EmptyState title="Nobody has used anything of a limit." />
      ) : (
        <ul className="near">
          {near.members.map((member) => (
            <NearLine key={`${member.customerId} ${member.memberId}`} near={member} />
          ))}
        </ul>
      )}
    </Card>
  )
}

function NearLine({ near }: { readonly near: Near }) {
  const words = percent(near.usedPercent, near.usedPercent === 0 ? '0' : '1')
  const name = near.member?.name ?? near.memberId
  const tone = toneOf(near.usedPercent)
  return (
    <li>
      <div className="row between">
        <span>
          <a href={`#/${path`customers/${near.customerId}/members/${near.memberId}`}/usage`}>
            <bdi>{name}</bdi>
          </a>{' '}
          <span className="soft small">
            <bdi>{near.customer.name ?? near.customerId}</bdi> · {near.title}
          </span>
        </span>
        <span className={`number strong ${tone === 'plain' ? '' : tone}`}>{words}</span>
      </div>
      <Meter
        label={`${near.title} of ${name}`}
        usedShare={near.usedPercent}
        words={words}
        tone={tone}
      />
      {near.resetMs === null ? null : (
        <p className="soft small">
          Resets <Countdown atMs={near.resetMs} />
        </p>
      )}
    </li>
  )
}
