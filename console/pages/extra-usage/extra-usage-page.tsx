import { useCommand } from '../../data/use-command.ts'
import { scopePath, useMemberScope } from '../../data/scope.ts'
import { Card, Figure, Figures } from '../../ui/card.tsx'
import { Clock } from '../../ui/moment.tsx'
import { Money } from '../../ui/money.tsx'
import { Page } from '../../ui/page.tsx'
import { ErrorState, FailureNote, Skeleton } from '../../ui/states.tsx'
import { Switch } from '../../ui/switch.tsx'
import { toast } from '../../ui/toast-store.ts'
import { useUsage } from '../usage/usage-query.ts'

/** The switch of extra usage, and the money behind it. */
export function ExtraUsagePage() {
  const scope = useMemberScope()
  const { data: usage, error, refetch } = useUsage(scope)
  const turn = useCommand<{ isOn: boolean }>(`${scopePath(scope)}/extra-usage`)
  if (usage === undefined) {
    return (
      <Page title="Extra usage">
        <Card>
          {error === null ? (
            <Skeleton lines={6} />
          ) : (
            <ErrorState failure={error} onRetry={() => void refetch()} />
          )}
        </Card>
      </Page>
    )
  }
  const { extraUsage } = usage.figures
  const symbol = usage.currencySymbol
  return (
    <Page
      title="Extra usage"
      lead="When the plan has no room left, requests go on from the balance."
    >
      <Card title="For you">
        <Switch
          isOn={extraUsage.isOnForMember}
          isDisabled={turn.isPending}
          onChange={(isOn) => {
            void turn
              .run({ isOn })
              .then(() => toast(`Extra usage is ${isOn ? 'on' : 'off'}.`))
              .catch(() => undefined)
          }}
        >
          Extra usage
        </Switch>
        {turn.failure === null ? null : <FailureNote failure={turn.failure} />}
        <p className="soft">
          For the whole account, extra usage is {extraUsage.isOnForCustomer ? 'on' : 'off'}.
        </p>
      </Card>
      <Figures>
        <Figure
          label="Balance"
          value={<Money nanos={extraUsage.balanceNanos} symbol={symbol} />}
          note={
            extraUsage.heldNanos === '0' ? (
              'nothing held'
            ) : (
              <>
                <Money nanos={extraUsage.heldNanos} symbol={symbol} /> of it held by running
                requests
              </>
            )
          }
        />
        <Figure
          label="Spent this month"
          value={<Money nanos={extraUsage.spentNanos} symbol={symbol} />}
          note={
            <>
              {extraUsage.capNanos === null ? (
                'no cap: up to the balance'
              ) : (
                <>
                  of a cap of <Money nanos={extraUsage.capNanos} symbol={symbol} />
                </>
              )}
              ; the month ends <Clock atMs={extraUsage.capResetMs} />
            </>
          }
        />
      </Figures>
    </Page>
  )
}
