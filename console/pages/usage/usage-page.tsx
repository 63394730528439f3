import { Suspense } from 'react'
import type { UsageAnswer } from '../../../src/admin/contract/answers.ts'
import { useForecast } from '../../charts/usage-series.ts'
import { part } from '../../data/part.ts'
import { parentOf, useMemberScope } from '../../data/scope.ts'
import { count, percent, plural } from '../../format/numbers.ts'
import { Card } from '../../ui/card.tsx'
import { Clock } from '../../ui/moment.tsx'
import { Page } from '../../ui/page.tsx'
import { EmptyState, Pending, Skeleton } from '../../ui/states.tsx'
import { LimitBars } from './limit-bars.tsx'
import { NextRequest } from './next-request.tsx'
import { useUsage } from './usage-query.ts'
import './usage-page.css'

/** The chart comes after the figures that people come for. */
const UsageOverTime = part(
  async () => (await import('../../charts/usage-over-time.tsx')).MemberUsageOverTime,
)

/** What is left on the plan, what runs, and what pays for the next request. */
export function UsagePage() {
  const scope = useMemberScope()
  const { data: usage, error, refetch } = useUsage(scope)
  const { data: forecast } = useForecast(scope)
  if (usage === undefined) {
    return (
      <Page title="Usage">
        <Card>
          <Pending error={error} refetch={refetch} lines={9} />
        </Card>
      </Page>
    )
  }
  const { figures, lastDrift, currencySymbol } = usage
  const [first] = figures.limits
  const isOwn = scope.kind === 'me'
  return (
    <Page
      title="Usage"
      {...parentOf(scope, usage.member.name)}
      {...(first === undefined ? {} : { tabPrefix: percent(first.usedPercent, first.used) })}
      lead={
        <>
          <bdi>{usage.member.name ?? usage.member.id}</bdi>, on {figures.planName},{' '}
          <bdi>{usage.customer.name ?? usage.customer.id}</bdi>
        </>
      }
    >
      <Card title={isOwn ? 'Your next request' : 'The next request'}>
        <NextRequest usage={usage} />
        <p className="soft small">{runningWords(figures)}</p>
      </Card>
      <Card title="Plan limits">
        {figures.limits.length === 0 ? (
          <EmptyState title="This plan has no limits of its own.">
            Every request is extra usage.
          </EmptyState>
        ) : (
          <LimitBars
            limits={figures.limits}
            forecasts={forecast?.limits ?? []}
            symbol={currencySymbol}
            isOwn={isOwn}
          />
        )}
      </Card>
      <Card title="Usage over time">
        <Suspense fallback={<Skeleton lines={7} />}>
          <UsageOverTime scope={scope} />
        </Suspense>
      </Card>
      <p className="soft small">
        Read from the journal at entry {figures.position}.{' '}
        {lastDrift === null ? (
          'No stored sum of this account was found different from it.'
        ) : (
          <>
            Last difference: {lastDrift.field}, found and put right{' '}
            <Clock atMs={lastDrift.foundAtMs} />; no decision rested on it.
          </>
        )}
      </p>
    </Page>
  )
}

function runningWords({ runningCount, runningMax }: UsageAnswer['figures']): string {
  const most = `at most ${count(runningMax)} may run at a time.`
  if (runningCount === 0) return `No request is running now; ${most}`
  return `${plural(runningCount, 'request')} ${runningCount === 1 ? 'is' : 'are'} running now; ${most}`
}
