import { useQuery } from '@tanstack/react-query'
import type { HealthAnswer } from '../../../src/admin/contract/answers.ts'
import type { StorageAnswer } from '../../../src/admin/contract/desk.ts'
import { read } from '../../data/api.ts'
import { size } from '../../format/numbers.ts'
import { Badge } from '../../ui/badge.tsx'
import { Card, Figure, Figures } from '../../ui/card.tsx'
import { CodeBlock } from '../../ui/copy.tsx'
import { Ago, Clock } from '../../ui/moment.tsx'
import { Page } from '../../ui/page.tsx'
import { Note, Pending } from '../../ui/states.tsx'
import { Table, type Column } from '../../ui/table.tsx'
import { count, plural } from '../../format/numbers.ts'
import { BackupCard } from './backup-card.tsx'
import { HealthFacts } from './health-facts.tsx'
import { VerifyCard } from './verify-card.tsx'
import './storage-page.css'

/** The journal and its disk: whether they are sound, how to keep a copy, and what to do when something is found. */
export function StoragePage() {
  const { data, error, refetch } = useQuery({
    queryKey: ['storage'],
    queryFn: ({ signal }) => read<StorageAnswer>('storage', signal),
    meta: { everyMs: 3_000 },
  })
  return (
    <Page
      title="Storage"
      lead="The journal is the only truth about money and usage; this is how it fares."
    >
      {data === undefined ? (
        <Card>
          <Pending error={error} refetch={refetch} lines={8} />
        </Card>
      ) : (
        <StorageParts storage={data} />
      )}
      <ChecksCard />
    </Page>
  )
}

function StorageParts({ storage }: { readonly storage: StorageAnswer }) {
  return (
    <>
      {storage.problems.map((problem) => (
        <Note key={problem.name} tone="bad" title={problem.message}>
          <p>{problem.remedy}</p>
          {problem.sinceMs === null ? null : (
            <p className="soft small">
              Since <Clock atMs={problem.sinceMs} />
            </p>
          )}
        </Note>
      ))}
      <StorageFigures storage={storage} />
      <div className="two-columns">
        <VerifyCard lastVerify={storage.lastVerify} />
        <BackupCard lastBackup={storage.lastBackup} dataFolder={storage.dataFolder} />
      </div>
      <DriftsCard drifts={storage.drifts} />
      <Card title="Restore, and the same at the command line">
        <p>
          A restore is done while the server is stopped, from a backup that is checked first; what
          is in the data folder then is kept beside it. Stop the server, run this, and start it
          again:
        </p>
        <CodeBlock code={storage.commands.restore} what="restore command" />
        <p className="soft small">Verify and backup work there, too, also while the server runs:</p>
        <CodeBlock
          code={`${storage.commands.verify}\n${storage.commands.backup}`}
          what="verify and backup commands"
        />
      </Card>
    </>
  )
}

function StorageFigures({ storage }: { readonly storage: StorageAnswer }) {
  const { position, logBytes, logBytesMax, diskFreeBytes, lastBackup, lastCheckpointAtMs } = storage
  const isDiskLow = storage.problems.some(({ name }) => name === 'disk-low')
  return (
    <Figures>
      <Figure label="Journal" value={`${count(position)} entries`} note={storage.dataFolder} />
      <Figure
        label="Room on the disk"
        value={diskFreeBytes === null ? 'not known' : size(diskFreeBytes)}
        tone={isDiskLow ? 'bad' : 'plain'}
      />
      <Figure
        label="Log to read at a start"
        value={size(logBytes)}
        note={
          <>
            kept below {size(logBytesMax)}
            {lastCheckpointAtMs === null ? null : (
              <>
                , copied <Ago atMs={lastCheckpointAtMs} />
              </>
            )}
          </>
        }
      />
      <Figure
        label="Last backup"
        value={lastBackup === null ? 'none' : <Ago atMs={lastBackup.atMs} />}
        tone={lastBackup === null ? 'warn' : 'plain'}
        note={
          lastBackup === null
            ? 'a disk that dies takes everything with it'
            : `${plural(position - lastBackup.position, 'entry', 'entries')} newer than it`
        }
      />
    </Figures>
  )
}

type Drift = StorageAnswer['drifts'][number]

function DriftsCard({ drifts }: { readonly drifts: readonly Drift[] }) {
  return (
    <Card
      title="Drift"
      lead="Stored sums that differed from the journal. They are found while the server runs, put right, and no decision rests on them."
    >
      {drifts.length === 0 ? (
        <p className="soft">None was ever found.</p>
      ) : (
        <Table
          label="Drift"
          columns={driftColumns}
          rows={drifts}
          rowKey={({ position, where, field }) => `${position} ${where} ${field}`}
        />
      )}
    </Card>
  )
}

const driftColumns: readonly Column<Drift>[] = [
  { id: 'at', heading: 'Found', cell: ({ foundAtMs }) => <Clock atMs={foundAtMs} /> },
  {
    id: 'whose',
    heading: 'Whose',
    cell: ({ member, memberId, customer, customerId }) =>
      memberId === null
        ? `${customer.name ?? customerId}, shared`
        : `${member?.name ?? memberId}, ${customer.name ?? customerId}`,
  },
  { id: 'field', heading: 'Sum', cell: ({ field }) => <code>{field}</code> },
  { id: 'stored', heading: 'Stored', cell: ({ stored }) => <code>{stored}</code> },
  { id: 'right', heading: 'Right', cell: ({ recomputed }) => <code>{recomputed}</code> },
  { id: 'since', heading: 'Not before', cell: ({ sinceMs }) => <Clock atMs={sinceMs} /> },
]

function ChecksCard() {
  const { data, error, refetch } = useQuery({
    queryKey: ['health'],
    queryFn: ({ signal }) => read<HealthAnswer>('health', signal),
    meta: { everyMs: 30_000 },
  })
  if (data === undefined) {
    return (
      <Card title="Checks">
        <Pending error={error} refetch={refetch} lines={4} />
      </Card>
    )
  }
  const troubles = data.facts.filter(({ status }) => status !== 'ok')
  const fine = data.facts.filter(({ status }) => status === 'ok')
  return (
    <Card
      title="Checks"
      actions={
        <Badge tone={data.status === 'ok' ? 'good' : data.status}>
          {troubles.length === 0
            ? 'All well'
            : plural(troubles.length, 'thing needs a look', 'things need a look')}
        </Badge>
      }
    >
      <HealthFacts facts={troubles} />
      <ul className="fine">
        {fine.map(({ check, found }) => (
          <li key={check}>
            <Badge tone="good">ok</Badge> <span className="strong">{check}</span>{' '}
            <span className="soft">{found}</span>
          </li>
        ))}
      </ul>
    </Card>
  )
}
