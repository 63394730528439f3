import { useState } from 'react'
import type { LimitAnswer } from '../../../src/admin/contract/answers.ts'
import { useSession } from '../../data/session.ts'
import { serverNowMs } from '../../data/server-clock.ts'
import { useCommand } from '../../data/use-command.ts'
import { quantity } from '../../format/numbers.ts'
import { DialogForm } from '../../ui/dialog.tsx'
import { NumberField, RadioChoices, Select, TextField } from '../../ui/fields.tsx'
import { MoneyField } from '../../ui/money-field.tsx'
import { toast } from '../../ui/toast-store.ts'

type Most = { readonly kind: 'amount'; readonly amount: string } | { readonly kind: 'unlimited' }
type Body = { readonly limitId: string; readonly most: Most; readonly untilMs: number | null }

/** How much of which limit, and until when. */
export function ExceptionForm(props: {
  readonly place: string
  readonly limits: readonly LimitAnswer[]
  readonly onClose: () => void
}) {
  const { place, limits, onClose } = props
  const { currencySymbol } = useSession()
  const [limitId, setLimit] = useState<string>(limits[0]?.limitId ?? '')
  const [kind, setKind] = useState<Most['kind']>('amount')
  const [nanos, setNanos] = useState<bigint | null>(null)
  const [digits, setDigits] = useState('')
  const [until, setUntil] = useState('')
  const except = useCommand<Body>(`${place}/exceptions`)
  const limit = limits.find((one) => one.limitId === limitId)
  if (limit === undefined) return null
  const amount = limit.unit === 'money' ? (nanos?.toString() ?? '') : digits
  const untilMs = until === '' ? null : new Date(until).getTime()
  const isPast = untilMs !== null && untilMs <= serverNowMs()
  const isFine = (kind === 'unlimited' || amount !== '') && !isPast
  const planAmount = limit.exception?.planAmount ?? limit.amount
  const hint =
    planAmount === null
      ? 'In the unit of the limit.'
      : `The plan gives ${quantity(planAmount, limit.unit, currencySymbol)}; ${quantity(limit.used, limit.unit, currencySymbol)} is used.`
  return (
    <DialogForm
      command={except}
      label="Make the exception"
      onCancel={onClose}
      canSend={isFine}
      onSend={() => {
        const most: Most = kind === 'unlimited' ? { kind } : { kind, amount }
        except.send({ limitId, most, untilMs }, () => {
          toast(`${limit.title}: the exception counts from the next request on.`)
          onClose()
        })
      }}
    >
      <Select
        label="Limit"
        value={limitId}
        onChange={setLimit}
        options={limits.map((one) => ({ value: one.limitId, label: one.title }))}
      />
      <RadioChoices<Most['kind']>
        label="How much"
        value={kind}
        onChange={setKind}
        options={[
          { value: 'amount', label: 'An amount' },
          { value: 'unlimited', label: 'Unlimited', hint: 'this limit binds the member no more' },
        ]}
      />
      {kind === 'unlimited' ? null : limit.unit === 'money' ? (
        <MoneyField
          label="Amount"
          currencySymbol={currencySymbol}
          onChange={setNanos}
          hint={hint}
        />
      ) : (
        <NumberField
          label="Amount"
          value={digits}
          onChange={setDigits}
          unit={limit.unit}
          hint={hint}
        />
      )}
      <TextField
        label="Until"
        type="datetime-local"
        value={until}
        onChange={setUntil}
        hint="In your time zone. Left empty, it counts until somebody takes it back."
        problem={isPast ? 'That moment is over.' : null}
      />
    </DialogForm>
  )
}
