import { useState } from 'react'
import type { ErasureAnswer } from '../../../src/admin/contract/answers.ts'
import { path } from '../../data/api.ts'
import { useCommand } from '../../data/use-command.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { toast } from '../../ui/toast-store.ts'

/** Pausing, resuming and erasing, of a customer or of one member; each says first what will be so. */
type What = {
  readonly customerId: string
  readonly memberId?: string
  readonly isActive: boolean
}

export function PauseButton({ who, what }: { readonly who: string; readonly what: What }) {
  /** What it was when the question was asked: the answer changes it before the question is gone. */
  const [asked, setAsked] = useState({ isOpen: false, isActive: what.isActive })
  const { customerId, memberId } = what
  const { isActive } = asked
  const place =
    memberId === undefined
      ? path`customers/${customerId}`
      : path`customers/${customerId}/members/${memberId}`
  const set = useCommand<{ readonly isActive: boolean }>(`${place}/status`)
  const verb = isActive ? 'Pause' : 'Resume'
  return (
    <>
      <Button onPress={() => setAsked({ isOpen: true, isActive: what.isActive })}>
        {what.isActive ? 'Pause' : 'Resume'}
      </Button>
      <ConfirmDialog
        title={`${verb} ${who}?`}
        confirmLabel={verb}
        isOpen={asked.isOpen}
        onClose={() => setAsked({ ...asked, isOpen: false })}
        onConfirm={async () => {
          await set.run({ isActive: !isActive })
          toast(isActive ? `${who} is paused.` : `${who} goes on.`)
        }}
      >
        <p>
          {isActive
            ? 'From the next request on, everything is refused, whatever is left. Requests that run may finish. Windows, balance and keys stay as they are, and it can be resumed at any time.'
            : 'From the next request on, plan and extra usage decide again. Nothing of them was changed by the pause.'}
        </p>
      </ConfirmDialog>
    </>
  )
}

export function EraseButton(props: { readonly who: string; readonly erasePath: string }) {
  const { who, erasePath } = props
  const [isAsking, setAsking] = useState(false)
  const erase = useCommand<object, ErasureAnswer>(erasePath)
  return (
    <>
      <Button kind="danger" onPress={() => setAsking(true)}>
        Erase names
      </Button>
      <ConfirmDialog
        title={`Erase the names of ${who}?`}
        confirmLabel="Erase names"
        isDangerous
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={async () => {
          const { isComplete, copies } = await erase.run({})
          const where = copies.length === 0 ? 'in no file of the data folder' : 'not in the journal'
          const kept =
            copies.length === 0
              ? ''
              : ` Files from before an upgrade or a restore may still have them: ${copies.join(', ')}.`
          toast(
            isComplete
              ? `The names are ${where} any more.${kept}`
              : `The names are erased; the server goes on until no file holds them.${kept}`,
          )
        }}
      >
        <p>
          Names and addresses are taken out of every file of the data folder, for good. Ids, usage,
          money and keys stay, so pause it or revoke its keys to end its use. Backups that were
          taken before still have the names.
        </p>
      </ConfirmDialog>
    </>
  )
}
