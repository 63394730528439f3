import { Suspense, useState, type ReactNode } from 'react'
import { useParams } from 'wouter'
import type { CustomerAnswer } from '../../../src/admin/contract/answers.ts'
import { path } from '../../data/api.ts'
import { part } from '../../data/part.ts'
import { useSession } from '../../data/session.ts'
import { Badge } from '../../ui/badge.tsx'
import { ButtonLink } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { Page } from '../../ui/page.tsx'
import { EmptyState, Note, Pending, Skeleton } from '../../ui/states.tsx'
import { useExtraUsage } from '../extra-usage/extra-usage-query.ts'
import { AutoReloadCard } from '../extra-usage/auto-reload-card.tsx'
import { GrantsCard } from '../extra-usage/grants-card.tsx'
import { BalanceCard, CapCard } from '../extra-usage/money-cards.tsx'
import { usePermissions } from '../extra-usage/permissions.ts'
import { SwitchesCard } from '../extra-usage/switches-card.tsx'
import '../extra-usage/extra-usage-page.css'
import { useCustomer } from './customers-query.ts'
import { KeysCard } from './keys-card.tsx'
import { MembersCard } from './members-card.tsx'
import { QuarantineNote } from './quarantine-note.tsx'
import { EraseButton, PauseButton } from './status-buttons.tsx'

/** Drawn after what people come for. */
const UsageOverTime = part(
  async () => (await import('../../charts/usage-over-time.tsx')).UsageOverTime,
)

/** One customer as its owner and the operator manage it: members, wallet, keys, status. */
export function CustomerPage() {
  const { customerId } = useParams<{ customerId?: string }>()
  const session = useSession()
  const id = customerId ?? session.customer?.id
  if (id === undefined) {
    return (
      <Page title="Customer">
        <EmptyState title="There is no customer here.">
          This account belongs to no customer.
        </EmptyState>
      </Page>
    )
  }
  return <Customer customerId={id} />
}

function Customer({ customerId }: { readonly customerId: string }) {
  const { role } = useSession()
  const { data: customer, error, refetch } = useCustomer(customerId)
  const isOperator = role === 'operator'
  const parent = isOperator ? { parent: { href: '#/customers', title: 'Customers' } } : {}
  if (customer === undefined) {
    return (
      <Page title="Customer" {...parent}>
        <Card>
          <Pending error={error} refetch={refetch} lines={9} />
        </Card>
      </Page>
    )
  }
  const name = customer.name ?? customer.customerId
  return (
    <Page
      title={name}
      {...parent}
      lead={<Lead customer={customer} />}
      actions={
        <>
          <ButtonLink href={`#/${path`customers/${customerId}/history`}`}>History</ButtonLink>
          {isOperator ? <PauseButton who={name} what={customer} /> : null}
        </>
      }
    >
      {customer.isServed ? null : <QuarantineNote isOperator={isOperator} />}
      {customer.isActive ? null : (
        <Note tone="warn" title="This customer is paused.">
          <p>Every request of its members is refused until the operator resumes it.</p>
        </Note>
      )}
      <MembersCard customerId={customerId} />
      <Card title="Usage over time">
        <Suspense fallback={<Skeleton lines={7} />}>
          <UsageOverTime scope={{ kind: 'customer', customerId }} />
        </Suspense>
      </Card>
      <Wallet customerId={customerId} />
      <KeysCard customerId={customerId} />
      {isOperator ? <EraseCard name={name} customer={customer} /> : null}
    </Page>
  )
}

function Lead({ customer }: { readonly customer: CustomerAnswer }): ReactNode {
  return (
    <>
      <code>{customer.customerId}</code>, months in {customer.zone}{' '}
      {customer.isOfDemoWorld ? <Badge>Demo</Badge> : null}
    </>
  )
}

/** The same parts as on the extra usage page; there they have the page to themselves. */
function Wallet({ customerId }: { readonly customerId: string }) {
  const scope = { kind: 'customer', customerId } as const
  const { data: wallet, error, refetch } = useExtraUsage(scope)
  const may = usePermissions(scope)
  const [areGrantsOpen, setGrantsOpen] = useState(false)
  if (wallet === undefined) {
    return (
      <Card title="Extra usage">
        <Pending error={error} refetch={refetch} lines={5} />
      </Card>
    )
  }
  return (
    <>
      <SwitchesCard wallet={wallet} scope={scope} may={may} />
      <div className="amounts">
        <BalanceCard wallet={wallet} may={may} />
        <CapCard wallet={wallet} may={may} />
      </div>
      <AutoReloadCard wallet={wallet} may={may} />
      <details
        className="more"
        open={areGrantsOpen}
        onToggle={(event) => setGrantsOpen(event.currentTarget.open)}
      >
        <summary>Grants behind the balance</summary>
        <GrantsCard wallet={wallet} />
      </details>
    </>
  )
}

function EraseCard(props: { readonly name: string; readonly customer: CustomerAnswer }) {
  const { name, customer } = props
  const { customerId } = customer
  return (
    <Card
      title="Names and addresses"
      lead="Erasing takes the names of this customer, its members and their keys out of every file. Ids, usage and money stay, and so do keys."
      actions={<EraseButton who={name} erasePath={`${path`customers/${customerId}`}/erase`} />}
    />
  )
}
