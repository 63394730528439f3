import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { MemberAnswer } from '../../../src/admin/contract/answers.ts'
import type { SeatPreviewAnswer } from '../../../src/admin/contract/customers.ts'
import { path, read } from '../../data/api.ts'
import { useSession } from '../../data/session.ts'
import { useCommand } from '../../data/use-command.ts'
import { quantity } from '../../format/numbers.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { Dialog, DialogForm } from '../../ui/dialog.tsx'
import { Select } from '../../ui/fields.tsx'
import { Note, Pending } from '../../ui/states.tsx'
import { Table, type Column } from '../../ui/table.tsx'
import { toast } from '../../ui/toast-store.ts'
import { usePlans } from '../customers/customers-query.ts'

/** Which plan a member sits on, and moving it to another with what that changes for it. */
export function SeatCard({ member }: { readonly member: MemberAnswer }) {
  const [isMoving, setMoving] = useState(false)
  return (
    <Card
      title="Plan"
      lead={`${member.planName}. Moving to another plan keeps what was used and every reset that was shown.`}
      actions={<Button onPress={() => setMoving(true)}>Change plan</Button>}
    >
      <Dialog
        title={`Change the plan of ${member.name ?? member.memberId}`}
        size="wide"
        isOpen={isMoving}
        onClose={() => setMoving(false)}
      >
        <MoveForm member={member} onClose={() => setMoving(false)} />
      </Dialog>
    </Card>
  )
}

function MoveForm(props: { readonly member: MemberAnswer; readonly onClose: () => void }) {
  const { member, onClose } = props
  const { customerId, memberId } = member
  const { role } = useSession()
  const { data: plans, error, refetch } = usePlans()
  const [chosen, setPlan] = useState<string | null>(null)
  const move = useCommand<{ readonly memberId: string; readonly planId: string }>(
    path`customers/${customerId}/members`,
  )
  if (plans === undefined) {
    return <Pending error={error} refetch={refetch} lines={4} />
  }
  const others = plans.filter(({ id }) => id !== member.planId)
  const planId = chosen ?? others[0]?.id
  if (planId === undefined) {
    return role === 'operator' ? (
      <p>There is no other plan.</p>
    ) : (
      <p>This customer’s members have no other plan. The operator can move one to another.</p>
    )
  }
  const name = plans.find(({ id }) => id === planId)?.name ?? planId
  return (
    <DialogForm
      command={move}
      label={`Move to ${name}`}
      onCancel={onClose}
      onSend={() => {
        move.send({ memberId, planId }, () => {
          toast(`${member.name ?? memberId} is on ${name} now.`)
          onClose()
        })
      }}
    >
      <Select
        label="New plan"
        value={planId}
        onChange={setPlan}
        options={others.map((plan) => ({ value: plan.id, label: plan.name }))}
      />
      <SeatPreview customerId={customerId} memberId={memberId} planId={planId} />
    </DialogForm>
  )
}

type PreviewRow = SeatPreviewAnswer['limits'][number]

function SeatPreview(props: {
  readonly customerId: string
  readonly memberId: string
  readonly planId: string
}) {
  const { customerId, memberId, planId } = props
  const { currencySymbol } = useSession()
  const { data, error, refetch } = useQuery({
    queryKey: ['seat-preview', customerId, memberId, planId],
    queryFn: ({ signal }) =>
      read<SeatPreviewAnswer>(
        `${path`customers/${customerId}/members/${memberId}`}/seat-preview?planId=${encodeURIComponent(planId)}`,
        signal,
      ),
  })
  if (data === undefined) {
    return <Pending error={error} refetch={refetch} lines={4} />
  }
  const isUp = data.limits.some(({ wouldBeUp }) => wouldBeUp)
  return (
    <div className="stack">
      <Table<PreviewRow>
        label="What changes for this member"
        columns={columnsFor(currencySymbol)}
        rows={data.limits}
        rowKey={({ title, now, next }) => (next ?? now)?.limitId ?? title}
      />
      {isUp ? (
        <Note tone="warn" title="A limit of the new plan is used up already.">
          <p>The plan refuses such requests from the next one on, until that limit resets.</p>
        </Note>
      ) : null}
      <ul className="plain-list small soft">
        {data.sentences.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </div>
  )
}

const columnsFor = (symbol: string): readonly Column<PreviewRow>[] => {
  const amount = (limit: PreviewRow['now']): string =>
    limit === null
      ? 'no such limit'
      : limit.amount === null
        ? 'unlimited'
        : quantity(limit.amount, limit.unit, symbol)
  return [
    { id: 'title', heading: 'Limit', cell: ({ title }) => title },
    {
      id: 'used',
      heading: 'Used',
      isNumber: true,
      cell: ({ now, next }) => {
        const limit = next ?? now
        return limit === null ? '' : quantity(limit.used, limit.unit, symbol)
      },
    },
    { id: 'now', heading: 'Now', isNumber: true, cell: ({ now }) => amount(now) },
    {
      id: 'next',
      heading: 'Afterwards',
      isNumber: true,
      cell: ({ next, wouldBeUp }) => (
        <>
          {amount(next)} {wouldBeUp ? <Badge tone="bad">Used up</Badge> : null}
        </>
      ),
    },
  ]
}
