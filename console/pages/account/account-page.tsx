import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { AccountAnswer, SessionLine } from '../../../src/admin/contract/people.ts'
import { roleWords } from '../../app/role-words.ts'
import { setTheme, themes, themeWords, useTheme } from '../../app/theme.ts'
import { path, read } from '../../data/api.ts'
import { useCommand } from '../../data/use-command.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Card, Facts } from '../../ui/card.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { Ago, Clock } from '../../ui/moment.tsx'
import { Page } from '../../ui/page.tsx'
import { SegmentedControl } from '../../ui/segmented-control.tsx'
import { Pending } from '../../ui/states.tsx'
import { Table } from '../../ui/table.tsx'
import { toast } from '../../ui/toast-store.ts'
import { browserName } from './browser-name.ts'
import { PasswordCard } from './password-card.tsx'

/** One's own account: who one is here, password, sessions, appearance. */
export function AccountPage() {
  const { data, error, refetch } = useQuery({
    queryKey: ['account'],
    queryFn: ({ signal }) => read<AccountAnswer>('account', signal),
  })
  return (
    <Page title="Your account">
      {data === undefined ? (
        <Pending error={error} refetch={refetch} lines={6} />
      ) : (
        <>
          <WhoCard account={data} />
          <PasswordCard email={data.person.email} />
          <SessionsCard sessions={data.sessions} />
        </>
      )}
    </Page>
  )
}

function WhoCard({ account }: { readonly account: AccountAnswer }) {
  const theme = useTheme()
  const { name, email, role, customer, member } = account.person
  return (
    <Card title={name}>
      <Facts
        rows={[
          ['E-mail', email],
          ['Role', roleWords[role]],
          ['Customer', customer === null ? undefined : (customer.name ?? customer.id)],
          ['Seat', member === null ? undefined : (member.name ?? member.id)],
        ]}
      />
      <SegmentedControl
        label="Appearance"
        value={theme}
        onChange={setTheme}
        options={themes.map((value) => ({ value, label: themeWords[value] }))}
      />
    </Card>
  )
}

function SessionsCard({ sessions }: { readonly sessions: readonly SessionLine[] }) {
  const [ending, setEnding] = useState<'others' | SessionLine | null>(null)
  const end = useCommand<Record<string, never>>(
    ending === null || ending === 'others'
      ? 'account/sessions/end-others'
      : path`account/sessions/${ending.id}/end`,
  )
  const others = sessions.filter(({ isThis }) => !isThis)
  return (
    <Card
      title="Where you are signed in"
      lead="Each line is a browser. One that you do not know should not be here."
      actions={
        others.length === 0 ? undefined : (
          <Button size="small" onPress={() => setEnding('others')}>
            Sign out everywhere else
          </Button>
        )
      }
    >
      <Table
        label="Open sessions"
        rows={sessions}
        rowKey={({ id }) => id}
        columns={[
          {
            id: 'browser',
            heading: 'Browser',
            cell: ({ userAgent, isThis }) => (
              <>
                {browserName(userAgent)} {isThis ? <Badge tone="good">this one</Badge> : null}
              </>
            ),
          },
          {
            id: 'since',
            heading: 'Since',
            cell: ({ createdAtMs }) => <Clock atMs={createdAtMs} />,
          },
          {
            id: 'seen',
            heading: 'Last used',
            cell: ({ lastSeenAtMs }) => <Ago atMs={lastSeenAtMs} />,
          },
          {
            id: 'end',
            heading: 'End it',
            isHeadingHidden: true,
            cell: (session) =>
              session.isThis ? null : (
                <Button
                  size="small"
                  label={`End the session of ${browserName(session.userAgent)}`}
                  onPress={() => setEnding(session)}
                >
                  End
                </Button>
              ),
          },
        ]}
      />
      <ConfirmDialog
        title={ending === 'others' ? 'Sign out everywhere else?' : 'End this session?'}
        confirmLabel={ending === 'others' ? 'Sign out everywhere else' : 'End the session'}
        isDangerous
        isOpen={ending !== null}
        onClose={() => setEnding(null)}
        onConfirm={async () => {
          await end.run({})
          toast('Done.')
        }}
      >
        <p>Whoever sits there is signed out at once. This browser stays signed in.</p>
      </ConfirmDialog>
    </Card>
  )
}
