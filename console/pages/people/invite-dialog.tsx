import { useState } from 'react'
import type { InvitedAnswer } from '../../../src/admin/contract/people.ts'
import { ApiFailure } from '../../data/api.ts'
import { useSession } from '../../data/session.ts'
import { problemOf } from '../../data/sign-in.ts'
import { useCommand } from '../../data/use-command.ts'
import { Dialog, DialogForm } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/fields.tsx'
import { StandingFields, type Standing } from './standing-fields.tsx'

type Invitation = Standing & { readonly email: string; readonly name: string }

/** Makes an account and its link; the person chooses the password. */
export function InviteDialog(props: {
  /** Where the API has these people: everybody's, or below a customer. */
  readonly below: string
  readonly onClose: () => void
  readonly onInvited: (answer: InvitedAnswer) => void
}) {
  const { customer } = useSession()
  const [who, setWho] = useState({ name: '', email: '' })
  const [standing, setStanding] = useState<Standing>({
    role: 'member',
    customerId: customer?.id ?? null,
    memberId: null,
  })
  const invite = useCommand<Invitation, InvitedAnswer>(`${props.below}people`)
  const failure = invite.failure === null ? null : ApiFailure.of(invite.failure)
  return (
    <Dialog title="Invite somebody" isOpen onClose={props.onClose}>
      <DialogForm
        command={invite}
        label="Make the link"
        onCancel={props.onClose}
        onSend={() => {
          invite.run({ ...who, ...standing }).then(props.onInvited, () => undefined)
        }}
      >
        <TextField
          label="Name"
          value={who.name}
          onChange={(name) => setWho({ ...who, name })}
          problem={problemOf(failure, 'name')}
          isRequired
          hasFirstFocus
        />
        <TextField
          label="E-mail"
          type="email"
          value={who.email}
          onChange={(email) => setWho({ ...who, email })}
          problem={problemOf(failure, 'email')}
          hint="What they sign in with. Nothing is sent to it: you pass the link on yourself."
          isRequired
        />
        <StandingFields value={standing} onChange={setStanding} />
      </DialogForm>
    </Dialog>
  )
}
