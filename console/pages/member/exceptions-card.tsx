import { useState } from 'react'
import type { LimitAnswer, MemberAnswer, UsageAnswer } from '../../../src/admin/contract/answers.ts'
import { path } from '../../data/api.ts'
import { useSession } from '../../data/session.ts'
import { useCommand } from '../../data/use-command.ts'
import { quantity } from '../../format/numbers.ts'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx'
import { Clock } from '../../ui/moment.tsx'
import { Table, type Column } from '../../ui/table.tsx'
import { toast } from '../../ui/toast-store.ts'
import { ExceptionForm } from './exception-form.tsx'

type Exception = MemberAnswer['exceptions'][number]

/** Another amount of one limit than the plan gives, for this member alone. */
export function ExceptionsCard(props: {
  readonly member: MemberAnswer
  readonly usage: UsageAnswer | undefined
}) {
  const { member, usage } = props
  const [isMaking, setMaking] = useState(false)
  const [ending, setEnding] = useState<Exception | null>(null)
  const limits = usage?.figures.limits ?? []
  const name = member.name ?? member.memberId
  const place = path`customers/${member.customerId}/members/${member.memberId}`
  return (
    <Card
      title="Exceptions"
      lead="Another amount of one limit than the plan gives, for this member alone. It counts for the next request and moves no reset."
      actions={
        limits.length === 0 ? undefined : (
          <Button onPress={() => setMaking(true)}>New exception</Button>
        )
      }
    >
      {member.exceptions.length === 0 ? (
        <p className="soft">Every limit is the plan’s own.</p>
      ) : (
        <ExceptionTable exceptions={member.exceptions} limits={limits} onEnd={setEnding} />
      )}
      <Dialog
        title={`New exception for ${name}`}
        isOpen={isMaking}
        onClose={() => setMaking(false)}
      >
        <ExceptionForm place={place} limits={limits} onClose={() => setMaking(false)} />
      </Dialog>
      <EndDialog place={place} exception={ending} onClose={() => setEnding(null)} />
    </Card>
  )
}

function ExceptionTable(props: {
  readonly exceptions: readonly Exception[]
  readonly limits: readonly LimitAnswer[]
  readonly onEnd: (exception: Exception) => void
}) {
  const { currencySymbol } = useSession()
  const { limits, onEnd } = props
  const limitOf = ({ limitId }: Exception): LimitAnswer | undefined =>
    limits.find((limit) => limit.limitId === limitId)
  const columns: readonly Column<Exception>[] = [
    {
      id: 'limit',
      heading: 'Limit',
      cell: (exception) => limitOf(exception)?.title ?? exception.limitId,
    },
    {
      id: 'most',
      heading: 'This member',
      isNumber: true,
      cell: (exception) => {
        const limit = limitOf(exception)
        if (exception.amount === null) return 'unlimited'
        return limit === undefined
          ? exception.amount
          : quantity(exception.amount, limit.unit, currencySymbol)
      },
    },
    {
      id: 'plan',
      heading: 'Plan',
      isNumber: true,
      cell: (exception) => {
        const limit = limitOf(exception)
        const planAmount = limit?.exception?.planAmount
        return limit === undefined || planAmount === undefined
          ? ''
          : quantity(planAmount, limit.unit, currencySymbol)
      },
    },
    {
      id: 'until',
      heading: 'Until',
      cell: ({ untilMs }) => (untilMs === null ? 'it is taken back' : <Clock atMs={untilMs} />),
    },
    {
      id: 'do',
      heading: 'Take back',
      isHeadingHidden: true,
      isNumber: true,
      cell: (exception) => (
        <Button size="small" kind="quiet" onPress={() => onEnd(exception)}>
          Take back
        </Button>
      ),
    },
  ]
  return (
    <Table<Exception>
      label="Exceptions"
      columns={columns}
      rows={props.exceptions}
      rowKey={({ limitId }) => limitId}
    />
  )
}

function EndDialog(props: {
  readonly place: string
  readonly exception: Exception | null
  readonly onClose: () => void
}) {
  const { place, exception, onClose } = props
  const end = useCommand<object>(`${place}/exceptions`)
  return (
    <ConfirmDialog
      title="Take the exception back?"
      confirmLabel="Take it back"
      isOpen={exception !== null}
      onClose={onClose}
      onConfirm={async () => {
        await end.run({ limitId: exception?.limitId ?? '', most: { kind: 'plan' } })
        toast('The plan’s own amount counts again.')
      }}
    >
      <p>The plan’s own amount counts from the next request on. What was used stays.</p>
    </ConfirmDialog>
  )
}
