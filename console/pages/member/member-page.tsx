import { useQuery } from '@tanstack/react-query'
import { useParams } from 'wouter'
import type { MemberAnswer, UsageAnswer } from '../../../src/admin/contract/answers.ts'
import { path, read } from '../../data/api.ts'
import { useSession } from '../../data/session.ts'
import { plural } from '../../format/numbers.ts'
import { ButtonLink } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { Page } from '../../ui/page.tsx'
import { EmptyState, Note, Pending } from '../../ui/states.tsx'
import { KeysCard } from '../customers/keys-card.tsx'
import { QuarantineNote } from '../customers/quarantine-note.tsx'
import { EraseButton, PauseButton } from '../customers/status-buttons.tsx'
import { LimitBars } from '../usage/limit-bars.tsx'
import { useUsage } from '../usage/usage-query.ts'
import '../usage/usage-page.css'
import { ExceptionsCard } from './exceptions-card.tsx'
import { GiftResetButton } from './gift-reset-button.tsx'
import { SeatCard } from './seat-card.tsx'

type Ids = { readonly customerId: string; readonly memberId: string }

/** One member as the owner and the operator manage it: usage, seat, exceptions, keys, status. */
export function MemberPage() {
  const { customerId = '', memberId = '' } = useParams<Partial<Ids>>()
  return <Member key={`${customerId} ${memberId}`} customerId={customerId} memberId={memberId} />
}

function useMember({ customerId, memberId }: Ids) {
  return useQuery({
    queryKey: ['member', customerId, memberId],
    queryFn: ({ signal }) =>
      read<MemberAnswer>(path`customers/${customerId}/members/${memberId}`, signal),
  })
}

function Member(ids: Ids) {
  const { customerId, memberId } = ids
  const { role } = useSession()
  const { data: member, error, refetch } = useMember(ids)
  const usage = useUsage({ kind: 'member', ...ids })
  const parent = {
    href: `#/${path`customers/${customerId}`}`,
    title: usage.data?.customer.name ?? customerId,
  }
  if (member === undefined) {
    return (
      <Page title="Member" parent={parent}>
        <Card>
          <Pending error={error} refetch={refetch} lines={9} />
        </Card>
      </Page>
    )
  }
  const name = member.name ?? memberId
  const own = `#/${path`customers/${customerId}/members/${memberId}`}`
  const isOperator = role === 'operator'
  return (
    <Page
      title={name}
      parent={parent}
      lead={
        <>
          <code>{memberId}</code>, on {member.planName}, {plural(member.runningCount, 'request')}{' '}
          running
        </>
      }
      actions={
        <>
          <ButtonLink href={`${own}/usage`}>Usage</ButtonLink>
          <ButtonLink href={`${own}/extra-usage`}>Extra usage</ButtonLink>
          <ButtonLink href={`${own}/history`}>History</ButtonLink>
          <PauseButton who={name} what={member} />
        </>
      }
    >
      {usage.data?.blocked?.reason === 'quarantine' ? (
        <QuarantineNote isOperator={isOperator} />
      ) : null}
      {member.isActive ? null : (
        <Note tone="warn" title="This member is paused.">
          <p>Every request with its keys is refused until an owner or the operator resumes it.</p>
        </Note>
      )}
      <UsageCard query={usage} name={name} ids={ids} canGift={isOperator} />
      <SeatCard member={member} />
      {isOperator ? <ExceptionsCard member={member} usage={usage.data} /> : null}
      <KeysCard customerId={customerId} memberId={memberId} />
      {isOperator ? (
        <Card
          title="Name and address"
          lead="Erasing takes the names of this member and its keys out of every file. Its id, usage and keys stay."
          actions={
            <EraseButton
              who={name}
              erasePath={`${path`customers/${customerId}/members/${memberId}`}/erase`}
            />
          }
        />
      ) : null}
    </Page>
  )
}

function UsageCard(props: {
  readonly query: ReturnType<typeof useUsage>
  readonly name: string
  readonly ids: Ids
  readonly canGift: boolean
}) {
  const { query, name, ids, canGift } = props
  const { data: usage, error } = query
  if (usage === undefined) {
    return (
      <Card title="Plan limits">
        <Pending error={error} refetch={query.refetch} lines={6} />
      </Card>
    )
  }
  const isUsed = usage.figures.limits.some(({ used }) => used !== '0')
  return (
    <Card
      title="Plan limits"
      actions={
        canGift && isUsed ? (
          <GiftResetButton {...ids} name={name} limits={usage.figures.limits} />
        ) : undefined
      }
    >
      <Bars usage={usage} />
    </Card>
  )
}

function Bars({ usage }: { readonly usage: UsageAnswer }) {
  const { limits } = usage.figures
  if (limits.length === 0) {
    return (
      <EmptyState title="This plan has no limits of its own.">
        Every request is extra usage.
      </EmptyState>
    )
  }
  return <LimitBars limits={limits} symbol={usage.currencySymbol} />
}
