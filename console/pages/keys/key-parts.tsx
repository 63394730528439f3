import { useState, type ReactNode } from 'react'
import type { IssuedKeyAnswer } from '../../../src/admin/contract/answers.ts'
import { useCommand } from '../../data/use-command.ts'
import { Button } from '../../ui/button.tsx'
import { CodeBlock } from '../../ui/copy.tsx'
import { ConfirmDialog, DialogButtons, DialogForm, useDialogHold } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/fields.tsx'
import { Clock } from '../../ui/moment.tsx'
import { Note } from '../../ui/states.tsx'
import type { Column } from '../../ui/table.tsx'
import { toast } from '../../ui/toast-store.ts'

/** What every list of keys has, whoever looks at them: one's own, a member's, or those of a whole customer. */
type Key = {
  readonly keyId: string
  readonly name: string | null
  readonly issuedAtMs: number
}

export const keyTitle = ({ name, keyId }: Pick<Key, 'name' | 'keyId'>): string => name ?? keyId

/** `badge` stands behind the name. */
export const nameColumn = <Held extends Key>(badge: (key: Held) => ReactNode): Column<Held> => ({
  id: 'name',
  heading: 'Name',
  cell: (key) => (
    <span className="name-cell">
      {key.name ?? 'without a name'}
      {badge(key)}
    </span>
  ),
})

export const idColumns: readonly Column<Key>[] = [
  { id: 'id', heading: 'Id', room: 'word', cell: ({ keyId }) => <code>{keyId}</code> },
  { id: 'made', heading: 'Made', cell: ({ issuedAtMs }) => <Clock atMs={issuedAtMs} /> },
]

export const KeyNameField = (props: {
  readonly name: string
  readonly onName: (name: string) => void
  readonly hint: string
}) => (
  <TextField
    label="Name"
    value={props.name}
    onChange={props.onName}
    lengthMax={100}
    hasFirstFocus
    hint={props.hint}
  />
)

/** The text of a key that was just made; it is nowhere else afterwards. */
export function ShownKey(props: { readonly keyText: string; readonly advice: string }) {
  useDialogHold('kept')
  return (
    <>
      <Note tone="warn" title="Copy it now: it is not shown again.">
        <p>{props.advice}</p>
      </Note>
      <CodeBlock code={props.keyText} what="key" />
    </>
  )
}

/** First its name, then its text. `place` is where keys are made: "me", or a member's address. */
export function NewKeyForm(props: {
  readonly place: string
  readonly hint: string
  readonly advice: string
  readonly onMade?: (keyText: string) => void
  readonly onClose: () => void
}) {
  const { place, hint, advice, onMade, onClose } = props
  const [name, setName] = useState('')
  const [made, setMade] = useState<IssuedKeyAnswer | null>(null)
  const issue = useCommand<{ readonly name?: string }, IssuedKeyAnswer>(`${place}/keys`)
  if (made !== null) {
    return (
      <div className="stack">
        <ShownKey keyText={made.keyText} advice={advice} />
        <DialogButtons>
          <Button kind="main" onPress={onClose}>
            Done
          </Button>
        </DialogButtons>
      </div>
    )
  }
  return (
    <DialogForm
      command={issue}
      label="Make the key"
      onCancel={onClose}
      onSend={() => {
        issue.send(name.trim() === '' ? {} : { name: name.trim() }, (answer) => {
          setMade(answer)
          onMade?.(answer.keyText)
        })
      }}
    >
      <KeyNameField name={name} onName={setName} hint={hint} />
    </DialogForm>
  )
}

/** `place` is whose keys it is among: "me", or a customer's address. `more` is true for this key in particular. */
export function RevokeKeyDialog(props: {
  readonly place: string
  readonly revoking: Pick<Key, 'keyId' | 'name'> | null
  readonly more: string
  readonly onClose: () => void
}) {
  const { place, revoking, more, onClose } = props
  const title = revoking === null ? '' : keyTitle(revoking)
  const revoke = useCommand<object>(
    `${place}/keys/${encodeURIComponent(revoking?.keyId ?? '')}/revoke`,
  )
  return (
    <ConfirmDialog
      title={`Revoke ${title}?`}
      confirmLabel="Revoke the key"
      isDangerous
      isOpen={revoking !== null}
      onClose={onClose}
      onConfirm={async () => {
        await revoke.run({})
        toast(`${title} is revoked.`)
      }}
    >
      <p>
        The next request with it is refused; requests that run may finish. It cannot be undone.
        {more === '' ? '' : ` ${more}`}
      </p>
    </ConfirmDialog>
  )
}
