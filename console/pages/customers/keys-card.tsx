import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { IssuedKeyAnswer, KeysAnswer } from '../../../src/admin/contract/answers.ts'
import { path, read } from '../../data/api.ts'
import { useCommand } from '../../data/use-command.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { CodeBlock } from '../../ui/copy.tsx'
import { ConfirmDialog, Dialog, DialogButtons } from '../../ui/dialog.tsx'
import { Checkbox, TextField } from '../../ui/fields.tsx'
import { Clock } from '../../ui/moment.tsx'
import { EmptyState, ErrorState, FailureNote, Note, Skeleton } from '../../ui/states.tsx'
import { Table, type Column } from '../../ui/table.tsx'
import { toast } from '../../ui/toast-store.ts'

type Key = KeysAnswer['keys'][number]

/** The keys of a customer, or of one member of it, who can get another one here. */
export function KeysCard(props: { readonly customerId: string; readonly memberId?: string }) {
  const { customerId, memberId } = props
  const [areRevokedShown, setRevokedShown] = useState(false)
  const [isIssuing, setIssuing] = useState(false)
  const [revoking, setRevoking] = useState<Key | null>(null)
  const { data, error, refetch } = useQuery({
    queryKey: ['keys', customerId],
    queryFn: async ({ signal }) =>
      (await read<KeysAnswer>(path`customers/${customerId}/keys`, signal)).keys,
    meta: { everyMs: 10_000 },
  })
  const own = data?.filter((key) => memberId === undefined || key.memberId === memberId)
  const shown = own?.filter(({ revokedAtMs }) => areRevokedShown || revokedAtMs === null)
  const revokedCount = (own ?? []).filter(({ revokedAtMs }) => revokedAtMs !== null).length
  return (
    <Card
      title="Keys"
      lead="What callers present; the text of a key is shown once, when it is made."
      actions={
        memberId === undefined ? undefined : (
          <Button onPress={() => setIssuing(true)}>New key</Button>
        )
      }
    >
      {shown === undefined ? (
        error === null ? (
          <Skeleton lines={3} />
        ) : (
          <ErrorState failure={error} onRetry={() => void refetch()} />
        )
      ) : shown.length === 0 ? (
        <EmptyState title="No key works.">
          {memberId === undefined
            ? 'A key is made on the page of the member that it is for.'
            : 'Make one, and give it to whoever or whatever it is for.'}
        </EmptyState>
      ) : (
        <Table<Key>
          label="Keys"
          columns={columnsFor({ hasMember: memberId === undefined, onRevoke: setRevoking })}
          rows={shown}
          rowKey={({ keyId }) => keyId}
        />
      )}
      {revokedCount === 0 ? null : (
        <Checkbox
          label={`Show revoked keys (${revokedCount})`}
          isChecked={areRevokedShown}
          onChange={setRevokedShown}
        />
      )}
      {memberId === undefined ? null : (
        <Dialog title="New key" isOpen={isIssuing} onClose={() => setIssuing(false)}>
          <NewKey
            place={path`customers/${customerId}/members/${memberId}`}
            onClose={() => setIssuing(false)}
          />
        </Dialog>
      )}
      <RevokeDialog customerId={customerId} revoking={revoking} onClose={() => setRevoking(null)} />
    </Card>
  )
}

function columnsFor(options: {
  readonly hasMember: boolean
  readonly onRevoke: (key: Key) => void
}): readonly Column<Key>[] {
  const member: Column<Key> = {
    id: 'member',
    heading: 'Member',
    cell: ({ customerId, memberId, memberName }) => (
      <a href={`#/${path`customers/${customerId}/members/${memberId}`}`}>
        {memberName ?? memberId}
      </a>
    ),
  }
  return [
    {
      id: 'name',
      heading: 'Name',
      cell: ({ name, revokedAtMs }) => (
        <span className="name-cell">
          {name ?? 'without a name'}
          {revokedAtMs === null ? null : <Badge tone="bad">Revoked</Badge>}
        </span>
      ),
    },
    ...(options.hasMember ? [member] : []),
    { id: 'id', heading: 'Id', cell: ({ keyId }) => <code>{keyId}</code> },
    { id: 'made', heading: 'Made', cell: ({ issuedAtMs }) => <Clock atMs={issuedAtMs} /> },
    {
      id: 'do',
      heading: 'Revoke',
      isHeadingHidden: true,
      isNumber: true,
      cell: (key) =>
        key.revokedAtMs === null ? (
          <Button
            size="small"
            kind="quiet"
            label={`Revoke ${key.name ?? key.keyId}`}
            onPress={() => options.onRevoke(key)}
          >
            Revoke
          </Button>
        ) : (
          <span className="soft">
            <Clock atMs={key.revokedAtMs} />
          </span>
        ),
    },
  ]
}

function RevokeDialog(props: {
  readonly customerId: string
  readonly revoking: Key | null
  readonly onClose: () => void
}) {
  const { customerId, revoking, onClose } = props
  const name = revoking?.name ?? revoking?.keyId ?? ''
  const revoke = useCommand<object>(
    path`customers/${customerId}/keys/${revoking?.keyId ?? ''}/revoke`,
  )
  return (
    <ConfirmDialog
      title={`Revoke ${name}?`}
      confirmLabel="Revoke the key"
      isDangerous
      isOpen={revoking !== null}
      onClose={onClose}
      onConfirm={async () => {
        await revoke.run({})
        toast(`${name} is revoked.`)
      }}
    >
      <p>
        The next request with it is refused; requests that run may finish. It cannot be undone, and
        the member’s usage, money and other keys stay as they are.
      </p>
    </ConfirmDialog>
  )
}

/** First its name, then its text, which is nowhere else afterwards. */
function NewKey({ place, onClose }: { readonly place: string; readonly onClose: () => void }) {
  const [name, setName] = useState('')
  const [made, setMade] = useState<IssuedKeyAnswer | null>(null)
  const issue = useCommand<{ readonly name?: string }, IssuedKeyAnswer>(`${place}/keys`)
  if (made !== null) {
    return (
      <div className="stack">
        <Note tone="warn" title="Copy it now: it is not shown again.">
          <p>Whoever has it spends in this member’s name, so keep it like a password.</p>
        </Note>
        <CodeBlock code={made.keyText} what="key" />
        <DialogButtons>
          <Button kind="main" onPress={onClose}>
            Done
          </Button>
        </DialogButtons>
      </div>
    )
  }
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault()
        issue.send(name.trim() === '' ? {} : { name: name.trim() }, setMade)
      }}
    >
      <TextField
        label="Name"
        value={name}
        onChange={setName}
        lengthMax={100}
        hasFirstFocus
        hint="For people, such as the machine that it is for."
      />
      {issue.failure === null ? null : <FailureNote failure={issue.failure} />}
      <DialogButtons>
        <Button onPress={onClose} isDisabled={issue.isPending}>
          Cancel
        </Button>
        <Button kind="main" type="submit" isPending={issue.isPending}>
          Make the key
        </Button>
      </DialogButtons>
    </form>
  )
}
