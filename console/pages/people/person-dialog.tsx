import { useState } from 'react'
import type { InvitedAnswer, PersonAnswer } from '../../../src/admin/contract/people.ts'
import { roleWords } from '../../app/role-words.ts'
import { path } from '../../data/api.ts'
import { useSession } from '../../data/session.ts'
import { useCommand } from '../../data/use-command.ts'
import { Button } from '../../ui/button.tsx'
import { Facts } from '../../ui/card.tsx'
import { ConfirmDialog, Dialog, DialogForm } from '../../ui/dialog.tsx'
import { FailureNote } from '../../ui/states.tsx'
import { toast } from '../../ui/toast-store.ts'
import { StandingFields, type Standing } from './standing-fields.tsx'

/** One person: a new link, another role, off and on, and gone. Each says what comes of it. */
export function PersonDialog(props: {
  readonly below: string
  readonly person: PersonAnswer
  readonly onClose: () => void
  readonly onLink: (answer: InvitedAnswer) => void
}) {
  const { person, below, onClose, onLink } = props
  const isOperator = useSession().role === 'operator'
  const [isRemoving, setRemoving] = useState(false)
  const [isChangingRole, setChangingRole] = useState(false)
  const base = `${below}${path`people/${person.id}`}`
  const link = useCommand<Record<string, never>, InvitedAnswer>(`${base}/link`)
  const status = useCommand<{ isActive: boolean }>(`${base}/status`)
  const remove = useCommand<Record<string, never>>(`${base}/remove`)
  const failure = link.failure ?? status.failure
  const mayManage = isOperator || person.role === 'member'
  if (isChangingRole) {
    return <RoleDialog person={person} base={base} onClose={() => setChangingRole(false)} />
  }
  if (isRemoving) {
    return (
      <ConfirmDialog
        title={`Remove ${person.name}?`}
        confirmLabel="Remove the account"
        isDangerous
        isOpen
        onClose={() => setRemoving(false)}
        onConfirm={async () => {
          await remove.run({})
          toast(`${person.name} can no longer sign in.`)
          onClose()
        }}
      >
        <p>
          Name, e-mail and password are erased, and open sessions end at once. What was used and
          paid stays as it is; so do keys. This cannot be undone.
        </p>
      </ConfirmDialog>
    )
  }
  return (
    <Dialog title={person.name} isOpen onClose={onClose}>
      {failure === null ? null : <FailureNote failure={failure} />}
      <Facts
        rows={[
          ['E-mail', person.email],
          ['Role', roleWords[person.role]],
          ['Customer', person.customer?.name ?? person.customer?.id],
          ['Seat', person.member?.name ?? person.member?.id],
        ]}
      />
      {mayManage ? (
        <div className="stack">
          <Button
            isPending={link.isPending}
            isDisabled={!person.isActive}
            onPress={() => void link.run({}).then(onLink, () => undefined)}
          >
            Make a link for a new password
          </Button>
          {isOperator && !person.isYou ? (
            <Button onPress={() => setChangingRole(true)}>Change role or seat</Button>
          ) : null}
          {person.isYou ? null : (
            <>
              <Button
                isPending={status.isPending}
                onPress={() =>
                  void status.run({ isActive: !person.isActive }).catch(() => undefined)
                }
              >
                {person.isActive ? 'Switch the account off' : 'Switch the account on'}
              </Button>
              <Button kind="danger" onPress={() => setRemoving(true)}>
                Remove the account
              </Button>
            </>
          )}
        </div>
      ) : (
        <p className="soft">Only the operator changes the account of an owner.</p>
      )}
    </Dialog>
  )
}

function RoleDialog(props: {
  readonly person: PersonAnswer
  readonly base: string
  readonly onClose: () => void
}) {
  const { person, base, onClose } = props
  const [standing, setStanding] = useState<Standing>({
    role: person.role,
    customerId: person.customer?.id ?? null,
    memberId: person.member?.id ?? null,
  })
  const change = useCommand<Standing>(`${base}/role`)
  return (
    <Dialog title={`Role of ${person.name}`} isOpen onClose={onClose}>
      <DialogForm
        command={change}
        label="Change the role"
        onCancel={onClose}
        onSend={() => {
          change.run(standing).then(
            () => {
              toast(`${person.name} has the new role, and signs in again.`)
              onClose()
            },
            () => undefined,
          )
        }}
      >
        <StandingFields value={standing} onChange={setStanding} />
        <p className="soft small">Their sessions end; they sign in again with the new role.</p>
      </DialogForm>
    </Dialog>
  )
}
