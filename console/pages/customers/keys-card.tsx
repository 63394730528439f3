import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { KeysAnswer } from '../../../src/admin/contract/answers.ts'
import { path, read } from '../../data/api.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Checkbox } from '../../ui/fields.tsx'
import { Clock } from '../../ui/moment.tsx'
import { EmptyState, Pending } from '../../ui/states.tsx'
import { Table, type Column } from '../../ui/table.tsx'
import { idColumns, keyTitle, nameColumn, NewKeyForm, RevokeKeyDialog } from '../keys/key-parts.tsx'

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
        <Pending error={error} refetch={refetch} lines={3} />
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
          <NewKeyForm
            place={path`customers/${customerId}/members/${memberId}`}
            hint="For people, such as the machine that it is for."
            advice="Whoever has it spends in this member’s name, so keep it like a password."
            onClose={() => setIssuing(false)}
          />
        </Dialog>
      )}
      <RevokeKeyDialog
        place={path`customers/${customerId}`}
        revoking={revoking}
        more="The member’s usage, money and other keys stay as they are."
        onClose={() => setRevoking(null)}
      />
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
    nameColumn(({ revokedAtMs }) =>
      revokedAtMs === null ? null : <Badge tone="bad">Revoked</Badge>,
    ),
    ...(options.hasMember ? [member] : []),
    ...idColumns,
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
            label={`Revoke ${keyTitle(key)}`}
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
