import { useParams } from 'wouter'
import { parentOf, useMemberScope, type Scope } from '../../data/scope.ts'
import { Card } from '../../ui/card.tsx'
import { Page } from '../../ui/page.tsx'
import { Pending } from '../../ui/states.tsx'
import { AutoReloadCard } from './auto-reload-card.tsx'
import { useExtraUsage } from './extra-usage-query.ts'
import { GrantsCard } from './grants-card.tsx'
import { BalanceCard, CapCard, MemberSpendCard } from './money-cards.tsx'
import { usePermissions } from './permissions.ts'
import { SwitchesCard } from './switches-card.tsx'
import './extra-usage-page.css'

/** The switches of extra usage and the money behind it: the reader's own, any member's, or a whole customer's. */
export function ExtraUsagePage() {
  const { customerId, memberId } = useParams<{ customerId?: string; memberId?: string }>()
  const own = useMemberScope()
  const scope: Scope =
    customerId !== undefined && memberId === undefined ? { kind: 'customer', customerId } : own
  return <ExtraUsage scope={scope} />
}

function ExtraUsage({ scope }: { readonly scope: Scope }) {
  const { data: wallet, error, refetch } = useExtraUsage(scope)
  const may = usePermissions(scope)
  if (wallet === undefined) {
    return (
      <Page title="Extra usage">
        <Card>
          <Pending error={error} refetch={refetch} lines={9} />
        </Card>
      </Page>
    )
  }
  const { name } = wallet.member ?? wallet.customer
  return (
    <Page
      title="Extra usage"
      lead="When a plan has no room left, requests go on, paid from a prepaid balance and never beyond it."
      {...parentOf(scope, name)}
    >
      <SwitchesCard wallet={wallet} scope={scope} may={may} />
      <div className="amounts">
        <BalanceCard wallet={wallet} may={may} />
        <CapCard wallet={wallet} may={may} />
        <MemberSpendCard wallet={wallet} may={may} />
      </div>
      <AutoReloadCard wallet={wallet} may={may} />
      <GrantsCard wallet={wallet} />
    </Page>
  )
}
