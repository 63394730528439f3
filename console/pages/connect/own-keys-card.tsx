import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { IssuedKeyAnswer } from '../../../src/admin/contract/answers.ts'
import type { OwnKeysAnswer } from '../../../src/admin/contract/keys.ts'
import { path, read } from '../../data/api.ts'
import { exchangeKey } from '../../data/session.ts'
import { useCommand } from '../../data/use-command.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { CodeBlock } from '../../ui/copy.tsx'
import { ConfirmDialog, Dialog, DialogButtons } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/fields.tsx'
import { Ago, Clock } from '../../ui/moment.tsx'
import { EmptyState, ErrorState, FailureNote, Note, Skeleton } from '../../ui/states.tsx'
import { Table, type Column } from '../../ui/table.tsx'
import { toast } from '../../ui/toast-store.ts'
import './connect-page.css'

type Key = OwnKeysAnswer['keys'][number]
type Doing =
  | { readonly kind: 'create' }
  | { readonly kind: 'rename' | 'rotate' | 'revoke'; readonly key: Key }

/** The reader's own keys. `onKey` is told the text of a key that was made, while this page is open. */
export function OwnKeysCard(props: {
  readonly keyText: string | null
  readonly onKey: (keyText: string) => void
}) {
  const [doing, setDoing] = useState<Doing | null>(null)
  const { data, error, refetch } = useQuery({
    queryKey: ['own-keys'],
    queryFn: ({ signal }) => read<OwnKeysAnswer>('me/keys', signal),
    meta: { everyMs: 10_000 },
  })
  const close = (): void => setDoing(null)
  const obstacle = data?.createObstacle ?? null
  const live = data?.keys.filter(({ revokedAtMs }) => revokedAtMs === null)
  return (
    <Card
      title="Your keys"
      lead="A key is what a client presents. Whoever has it spends in your name, so keep it like a password."
      actions={
        data?.mayCreate === true ? (
          <Button kind="main" onPress={() => setDoing({ kind: 'create' })}>
            New key
          </Button>
        ) : undefined
      }
    >
      {data === undefined || live === undefined ? (
        error === null ? (
          <Skeleton lines={3} />
        ) : (
          <ErrorState failure={error} onRetry={() => void refetch()} />
        )
      ) : live.length === 0 ? (
        <EmptyState title="You have no key yet.">Make one for each machine or program.</EmptyState>
      ) : (
        <Table<Key>
          label="Your keys"
          columns={columnsFor(data, setDoing)}
          rows={live}
          rowKey={({ keyId }) => keyId}
        />
      )}
      {obstacle === null ? null : <p className="soft small">{obstacle}</p>}
      <Dialog title="New key" isOpen={doing?.kind === 'create'} onClose={close}>
        <NewKey onKey={props.onKey} onClose={close} />
      </Dialog>
      {doing === null || doing.kind === 'create' ? null : (
        <KeyDialogs doing={doing} onKey={props.onKey} onClose={close} />
      )}
    </Card>
  )
}

function columnsFor(
  { mayCreate }: OwnKeysAnswer,
  onDo: (doing: Doing) => void,
): readonly Column<Key>[] {
  return [
    {
      id: 'name',
      heading: 'Name',
      cell: ({ name, isCurrent }) => (
        <span className="row">
          {name ?? 'without a name'}
          {isCurrent ? <Badge tone="accent">signed in with it</Badge> : null}
        </span>
      ),
    },
    { id: 'id', heading: 'Id', cell: ({ keyId }) => <code>{keyId}</code> },
    { id: 'made', heading: 'Made', cell: ({ issuedAtMs }) => <Clock atMs={issuedAtMs} /> },
    {
      id: 'used',
      heading: 'Last used',
      cell: ({ lastUsedAtMs }) =>
        lastUsedAtMs === null ? (
          <span className="soft">not lately</span>
        ) : (
          <Ago atMs={lastUsedAtMs} />
        ),
    },
    {
      id: 'do',
      heading: 'Change',
      isHeadingHidden: true,
      isNumber: true,
      cell: (key) =>
        mayCreate || key.isCurrent ? (
          <span className="key-buttons">
            {(['rename', 'rotate', 'revoke'] as const).map((kind) => (
              <Button
                key={kind}
                size="small"
                kind="quiet"
                label={`${doWords[kind]} ${key.name ?? key.keyId}`}
                onPress={() => onDo({ kind, key })}
              >
                {doWords[kind]}
              </Button>
            ))}
          </span>
        ) : null,
    },
  ]
}

const doWords = { rename: 'Rename', rotate: 'Exchange', revoke: 'Revoke' } as const

function KeyDialogs(props: {
  readonly doing: Exclude<Doing, { kind: 'create' }>
  readonly onKey: (keyText: string) => void
  readonly onClose: () => void
}) {
  const { doing, onClose } = props
  const { key, kind } = doing
  const name = key.name ?? key.keyId
  const revoke = useCommand<object>(path`me/keys/${key.keyId}/revoke`)
  if (kind === 'revoke') {
    return (
      <ConfirmDialog
        title={`Revoke ${name}?`}
        confirmLabel="Revoke the key"
        isDangerous
        isOpen
        onClose={onClose}
        onConfirm={async () => {
          await revoke.run({})
          toast(`${name} is revoked.`)
        }}
      >
        <p>
          The next request with it is refused; requests that run may finish. It cannot be undone.
          {key.isCurrent ? ' You are signed in with it, so this page signs you out.' : ''}
        </p>
      </ConfirmDialog>
    )
  }
  return (
    <Dialog
      title={kind === 'rename' ? `Rename ${name}` : `Exchange ${name}`}
      isOpen
      onClose={onClose}
    >
      {kind === 'rename' ? (
        <Rename held={key} onClose={onClose} />
      ) : (
        <Exchange held={key} onKey={props.onKey} onClose={onClose} />
      )}
    </Dialog>
  )
}

function NewKey(props: {
  readonly onKey: (keyText: string) => void
  readonly onClose: () => void
}) {
  const [name, setName] = useState('')
  const [made, setMade] = useState<IssuedKeyAnswer | null>(null)
  const issue = useCommand<{ readonly name?: string }, IssuedKeyAnswer>('me/keys')
  if (made !== null) {
    return (
      <div className="stack">
        <Shown keyText={made.keyText} />
        <DialogButtons>
          <Button kind="main" onPress={props.onClose}>
            Done
          </Button>
        </DialogButtons>
      </div>
    )
  }
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        issue.send(name.trim() === '' ? {} : { name: name.trim() }, (answer) => {
          setMade(answer)
          props.onKey(answer.keyText)
        })
      }}
    >
      <NameField name={name} onName={setName} />
      {issue.failure === null ? null : <FailureNote failure={issue.failure} />}
      <DialogButtons>
        <Button onPress={props.onClose} isDisabled={issue.isPending}>
          Cancel
        </Button>
        <Button kind="main" type="submit" isPending={issue.isPending}>
          Make the key
        </Button>
      </DialogButtons>
    </form>
  )
}

const NameField = (props: { readonly name: string; readonly onName: (name: string) => void }) => (
  <TextField
    label="Name"
    value={props.name}
    onChange={props.onName}
    lengthMax={100}
    hasFirstFocus
    hint="For you, such as the machine that it is for."
  />
)

function Shown({ keyText }: { readonly keyText: string }) {
  return (
    <>
      <Note tone="warn" title="Copy it now: it is not shown again.">
        <p>The set-up below has it until you leave this page.</p>
      </Note>
      <CodeBlock code={keyText} what="key" />
    </>
  )
}

function Rename({ held, onClose }: { readonly held: Key; readonly onClose: () => void }) {
  const [name, setName] = useState(held.name ?? '')
  const rename = useCommand<{ readonly name: string }>(path`me/keys/${held.keyId}/name`)
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        rename.send({ name: name.trim() }, onClose)
      }}
    >
      <NameField name={name} onName={setName} />
      {rename.failure === null ? null : <FailureNote failure={rename.failure} />}
      <DialogButtons>
        <Button onPress={onClose} isDisabled={rename.isPending}>
          Cancel
        </Button>
        <Button
          kind="main"
          type="submit"
          isPending={rename.isPending}
          isDisabled={name.trim() === ''}
        >
          Rename it
        </Button>
      </DialogButtons>
    </form>
  )
}

/** First the new key, then, once it is in its place, the end of the old one. */
function Exchange(props: {
  readonly held: Key
  readonly onKey: (keyText: string) => void
  readonly onClose: () => void
}) {
  const { held, onClose } = props
  const [made, setMade] = useState<IssuedKeyAnswer | null>(null)
  const rotate = useCommand<object, IssuedKeyAnswer>(path`me/keys/${held.keyId}/rotate`)
  const revoke = useCommand<object>(path`me/keys/${held.keyId}/revoke`)
  if (made === null) {
    return (
      <div className="stack">
        <p>
          You get a new key of the same name. The old one works until you say that the new one is in
          its place, so nothing stands still in between.
        </p>
        {rotate.failure === null ? null : <FailureNote failure={rotate.failure} />}
        <DialogButtons>
          <Button onPress={onClose} isDisabled={rotate.isPending}>
            Cancel
          </Button>
          <Button
            kind="main"
            isPending={rotate.isPending}
            onPress={() =>
              rotate.send({}, (answer) => {
                setMade(answer)
                props.onKey(answer.keyText)
              })
            }
          >
            Make the new key
          </Button>
        </DialogButtons>
      </div>
    )
  }
  const end = (): void => {
    // Whoever signed in with the old key goes on with the new one, which may end the old.
    if (held.isCurrent) exchangeKey(made.keyText)
    revoke.send({}, () => {
      toast('The old key is revoked.')
      onClose()
    })
  }
  return (
    <div className="stack">
      <Shown keyText={made.keyText} />
      {revoke.failure === null ? null : <FailureNote failure={revoke.failure} />}
      <DialogButtons>
        <Button onPress={onClose} isDisabled={revoke.isPending}>
          Keep both for now
        </Button>
        <Button kind="danger-main" isPending={revoke.isPending} onPress={end}>
          The new one is in place: revoke the old one
        </Button>
      </DialogButtons>
    </div>
  )
}
