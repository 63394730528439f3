import { useState } from 'react'
import type { ExtraUsageAnswer } from '../../../src/admin/contract/extra-usage.ts'
import { path } from '../../data/api.ts'
import { useCommand } from '../../data/use-command.ts'
import { money, plainMoney } from '../../format/money.ts'
import { ConfirmDialog, Dialog, DialogForm } from '../../ui/dialog.tsx'
import { MoneyField } from '../../ui/money-field.tsx'
import { toast } from '../../ui/toast-store.ts'

type Props = {
  readonly wallet: ExtraUsageAnswer
  readonly isOpen: boolean
  readonly onClose: () => void
}

type Setting =
  | { readonly kind: 'off' }
  | {
      readonly kind: 'on'
      readonly thresholdNanos: string
      readonly amountNanos: string
      readonly monthMaxNanos: string
    }

const useSetting = ({ customer }: ExtraUsageAnswer) =>
  useCommand<Setting>(path`customers/${customer.id}/auto-reload`)

/** Turns auto-reload on with its terms, or changes them. */
export function AutoReloadDialog(props: Props) {
  return (
    <Dialog title="Auto-reload" isOpen={props.isOpen} onClose={props.onClose}>
      <TermsForm {...props} />
    </Dialog>
  )
}

type Terms = {
  readonly threshold: bigint | null
  readonly amount: bigint | null
  readonly most: bigint | null
}

function TermsForm({ wallet, onClose }: Props) {
  const symbol = wallet.currencySymbol
  const { setting } = wallet.autoReload
  const set = useSetting(wallet)
  const now: Terms =
    setting.kind === 'off'
      ? { threshold: null, amount: null, most: null }
      : {
          threshold: BigInt(setting.thresholdNanos),
          amount: BigInt(setting.amountNanos),
          most: BigInt(setting.monthMaxNanos),
        }
  const [terms, setTerms] = useState(now)
  const problems = problemsOf(terms)
  const { threshold, amount, most } = terms
  const isWhole = threshold !== null && amount !== null && most !== null
  const canSet = isWhole && problems.amount === null && problems.most === null && threshold > 0n
  const startOf = (nanos: bigint | null): string => (nanos === null ? '' : plainMoney(nanos))
  return (
    <DialogForm
      command={set}
      label="Turn on"
      onCancel={onClose}
      canSend={canSet}
      onSend={() => {
        if (!canSet) return
        const next: Setting = {
          kind: 'on',
          thresholdNanos: threshold.toString(),
          amountNanos: amount.toString(),
          monthMaxNanos: most.toString(),
        }
        set.send(next, () => {
          toast('Auto-reload is on.')
          onClose()
        })
      }}
    >
      <MoneyField
        label="When less than this is available"
        currencySymbol={symbol}
        startText={startOf(now.threshold)}
        onChange={(nanos) => setTerms({ ...terms, threshold: nanos })}
        hint={`Available is the balance less what running requests hold: ${money(BigInt(wallet.balanceNanos) - BigInt(wallet.heldNanos), symbol)} now.`}
        hasFirstFocus
      />
      <MoneyField
        label="Add"
        currencySymbol={symbol}
        startText={startOf(now.amount)}
        onChange={(nanos) => setTerms({ ...terms, amount: nanos })}
        problem={problems.amount}
      />
      <MoneyField
        label="At most in a month"
        currencySymbol={symbol}
        startText={startOf(now.most)}
        onChange={(nanos) => setTerms({ ...terms, most: nanos })}
        problem={problems.most}
      />
    </DialogForm>
  )
}

/** What the server would refuse, said beside the field. */
function problemsOf({ threshold, amount, most }: Terms): {
  readonly amount: string | null
  readonly most: string | null
} {
  return {
    amount:
      threshold !== null && amount !== null && amount < threshold
        ? 'Add at least as much as the threshold, so that one reload is enough.'
        : null,
    most:
      amount !== null && most !== null && most < amount
        ? 'With a maximum below the amount it would never reload.'
        : null,
  }
}

export function TurnReloadOff({ wallet, isOpen, onClose }: Props) {
  const set = useSetting(wallet)
  return (
    <ConfirmDialog
      title="Turn auto-reload off?"
      confirmLabel="Turn off"
      isOpen={isOpen}
      onClose={onClose}
      onConfirm={async () => {
        await set.run({ kind: 'off' })
        toast('Auto-reload is off.')
      }}
    >
      <p>The balance stays as it is, and is topped up by hand only from now on.</p>
    </ConfirmDialog>
  )
}
