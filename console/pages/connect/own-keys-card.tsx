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
import { Dialog, DialogButtons, DialogForm, useDialogHold } from '../../ui/dialog.tsx'
import { Ago } from '../../ui/moment.tsx'
import { EmptyState, FailureNote, Pending } from '../../ui/states.tsx'
import { Table, type Column } from '../../ui/table.tsx'
import { toast } from '../../ui/toast-store.ts'
import {
  idColumns,
  KeyNameField,
  keyTitle,
  nameColumn,
  NewKeyForm,
  RevokeKeyDialog,
  ShownKey,
} from '../keys/key-parts.tsx'
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
        <Pending error={error} refetch={refetch} lines={3} />
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
        <NewKeyForm
          place="me"
          hint={nameHint}
          advice={newKeyAdvice}
          onMade={props.onKey}
          onClose={close}
        />
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
    nameColumn(({ isCurrent }) =>
      isCurrent ? <Badge tone="accent">signed in with it</Badge> : null,
    ),
    ...idColumns,
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
                label={`${doWords[kind]} ${keyTitle(key)}`}
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

const nameHint = 'For you, such as the machine that it is for.'
const newKeyAdvice = 'The set-up below has it until you leave this page.'

const doWords = { rename: 'Rename', rotate: 'Exchange', revoke: 'Revoke' } as const

function KeyDialogs(props: {
  readonly doing: Exclude<Doing, { kind: 'create' }>
  readonly onKey: (keyText: string) => void
  readonly onClose: () => void
}) {
  const { doing, onClose } = props
  const { key, kind } = doing
  const name = keyTitle(key)
  if (kind === 'revoke') {
    const more = key.isCurrent ? 'You are signed in with it, so this page signs you out.' : ''
    return <RevokeKeyDialog place="me" revoking={key} more={more} onClose={onClose} />
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

function Rename({ held, onClose }: { readonly held: Key; readonly onClose: () => void }) {
  const [name, setName] = useState(held.name ?? '')
  const rename = useCommand<{ readonly name: string }>(path`me/keys/${held.keyId}/name`)
  return (
    <DialogForm
      command={rename}
      label="Rename it"
      onCancel={onClose}
      canSend={name.trim() !== ''}
      onSend={() => {
        rename.send({ name: name.trim() }, onClose)
      }}
    >
      <KeyNameField name={name} onName={setName} hint={nameHint} />
    </DialogForm>
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
  const isBusy = rotate.isPending || revoke.isPending
  useDialogHold(isBusy ? 'busy' : made === null ? 'free' : 'kept')
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
      <ShownKey keyText={made.keyText} advice={newKeyAdvice} />
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
