import { useState } from 'react'
import type { CreditsAnswer, LimitAnswer } from '../../../src/admin/contract/answers.ts'
import { path } from '../../data/api.ts'
import { useCommand } from '../../data/use-command.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { Select } from '../../ui/fields.tsx'
import { toast } from '../../ui/toast-store.ts'

const all = 'all'

/** Gives a member a fresh start in windows that run: what was used is credited, and no reset moves. */
export function GiftResetButton(props: {
  readonly customerId: string
  readonly memberId: string
  readonly name: string
  readonly limits: readonly LimitAnswer[]
}) {
  const { customerId, memberId, name } = props
  const [isAsking, setAsking] = useState(false)
  const [limitId, setLimit] = useState<string>(all)
  const gift = useCommand<{ readonly limitId?: string }, CreditsAnswer>(
    `${path`customers/${customerId}/members/${memberId}`}/gift-reset`,
  )
  const used = props.limits.filter((limit) => limit.used !== '0')
  return (
    <>
      <Button onPress={() => setAsking(true)}>Gift a reset</Button>
      <ConfirmDialog
        title={`Gift ${name} a reset?`}
        confirmLabel="Gift the reset"
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={async () => {
          await gift.run(limitId === all ? {} : { limitId })
          toast(`${name} starts afresh.`)
        }}
      >
        <Select
          label="Which limit"
          value={limitId}
          onChange={setLimit}
          options={[
            { value: all, label: 'Every limit of which something is used' },
            ...used.map((limit) => ({ value: limit.limitId, label: limit.title })),
          ]}
        />
        <p>
          What was used in the running window is credited, so it stands at zero again. Its reset
          stays when it was shown, and no money moves.
        </p>
      </ConfirmDialog>
    </>
  )
}
