import type { OverviewAnswer } from '../../../src/admin/contract/desk.ts'
import { plural } from '../../format/numbers.ts'
import { Badge } from '../../ui/badge.tsx'
import { Card } from '../../ui/card.tsx'
import { Ago } from '../../ui/moment.tsx'
import { HealthFacts } from '../storage/health-facts.tsx'

/** What needs a person, first; where nothing does, one line. */
export function HealthCard({ health }: { readonly health: OverviewAnswer['health'] }) {
  const troubles = health.facts.filter(({ status }) => status !== 'ok')
  return (
    <Card
      title="Health"
      lead={
        <>
          {plural(health.facts.length, 'check')}, <Ago atMs={health.atMs} />.
        </>
      }
      actions={
        <>
          <Badge tone={health.status === 'ok' ? 'good' : health.status}>
            {health.status === 'ok'
              ? 'All well'
              : plural(troubles.length, 'thing needs a look', 'things need a look')}
          </Badge>
          <a href="#/storage">All checks</a>
        </>
      }
    >
      {troubles.length === 0 ? null : <HealthFacts facts={troubles} />}
    </Card>
  )
}
