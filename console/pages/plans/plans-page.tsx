import { useState } from 'react'
import type { PlanBook } from '../../../src/admin/contract/plans.ts'
import { useFilters } from '../../data/address.ts'
import { useSession } from '../../data/session.ts'
import { money } from '../../format/money.ts'
import { plural } from '../../format/numbers.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { Clock } from '../../ui/moment.tsx'
import { Page } from '../../ui/page.tsx'
import { Note, Pending } from '../../ui/states.tsx'
import { Table, type Column } from '../../ui/table.tsx'
import { PlanEditor } from './plan-editor.tsx'
import { amountWords, modelWords, windowWords, type LimitShown } from './plan-words.ts'
import { usePlanBooks } from './plans-query.ts'
import './plans.css'

/** What is published, how each plan came to be so, and the desk at which the next version is written. */
export function PlansPage() {
  const { get, set } = useFilters()
  const { data, error, refetch } = usePlanBooks()
  const isEditing = get('edit') !== ''
  return (
    <Page
      title="Plans"
      lead="Limits, price and included credit of each seat. A published version never changes: an edit publishes the next one."
      actions={
        data === undefined || isEditing ? undefined : (
          <Button kind="main" onPress={() => set({ edit: '1' })}>
            Edit plans
          </Button>
        )
      }
    >
      {data === undefined ? (
        <Card>
          <Pending error={error} refetch={refetch} lines={9} />
        </Card>
      ) : (
        <>
          {data.plansFile === null ? null : (
            <Note tone="warn" title="A plans file is published again at each start.">
              <p>
                What is changed here lasts until then, unless <code>{data.plansFile}</code> says the
                same. The editor’s text can be put into that file as it is.
              </p>
            </Note>
          )}
          {isEditing ? (
            <PlanEditor content={data.content} onClose={() => set({ edit: '' })} />
          ) : null}
          {data.plans.map((book) => (
            <PlanCard key={book.planId} book={book} />
          ))}
        </>
      )}
    </Page>
  )
}

function PlanCard({ book }: { readonly book: PlanBook }) {
  const { currencySymbol } = useSession()
  const [isOpen, setOpen] = useState(false)
  const newest = book.versions[0]
  if (newest === undefined) return null
  const { plan } = newest
  const price =
    plan.priceNanos === null
      ? 'not sold by the month'
      : `${money(plan.priceNanos, currencySymbol)} a month`
  return (
    <Card
      title={book.name}
      lead={
        <>
          <code>{book.planId}</code>, {price}, at most {plural(plan.runningMax, 'request')} of a
          member at once
        </>
      }
      actions={
        <>
          <Badge>version {newest.version}</Badge>
          <Badge tone={book.memberCount > 0 ? 'accent' : 'plain'}>
            {book.memberCount === 0
              ? 'nobody on it'
              : `${plural(book.memberCount, 'member')} on it`}
          </Badge>
        </>
      }
    >
      {plan.limits.length === 0 ? (
        <p className="soft">No limits: every request is extra usage.</p>
      ) : (
        <Table<LimitShown>
          label={`Limits of ${book.name}`}
          columns={columnsFor(currencySymbol)}
          rows={plan.limits}
          rowKey={({ id }) => id}
        />
      )}
      {plan.grants.length === 0 ? null : (
        <p>
          Included:{' '}
          {plan.grants
            .map(
              ({ id, amountNanos, every }) =>
                `${money(amountNanos, currencySymbol)} ${every === 'once' ? 'once' : 'every month'} (${id})`,
            )
            .join(', ')}
        </p>
      )}
      <details
        className="more"
        open={isOpen}
        onToggle={(event) => setOpen(event.currentTarget.open)}
      >
        <summary>{plural(book.versions.length, 'version')}</summary>
        <VersionList book={book} />
      </details>
    </Card>
  )
}

const columnsFor = (symbol: string): readonly Column<LimitShown>[] => [
  { id: 'id', heading: 'Limit', cell: ({ id }) => id },
  {
    id: 'amount',
    heading: 'Amount',
    isNumber: true,
    cell: (limit) => amountWords(limit, symbol),
  },
  { id: 'window', heading: 'Within', cell: windowWords },
  { id: 'models', heading: 'Counts', cell: modelWords },
]

function VersionList({ book }: { readonly book: PlanBook }) {
  return (
    <ol className="versions">
      {book.versions.map(({ version, publishedAtMs, changes }) => (
        <li key={version}>
          <p>
            <span className="strong">Version {version}</span>, <Clock atMs={publishedAtMs} />
          </p>
          {changes.length === 0 ? (
            <p className="soft small">{version === 1 ? 'The first.' : 'No change of its terms.'}</p>
          ) : (
            <ul className="plain-list small">
              {changes.map((sentence) => (
                <li key={sentence}>{sentence}</li>
              ))}
            </ul>
          )}
        </li>
      ))}
    </ol>
  )
}
