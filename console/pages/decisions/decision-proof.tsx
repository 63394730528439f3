import type { ExplanationAnswer } from '../../../src/admin/contract/answers.ts'
import { count } from '../../format/numbers.ts'
import { Badge } from '../../ui/badge.tsx'
import { Card } from '../../ui/card.tsx'
import { Clock } from '../../ui/moment.tsx'
import { Note } from '../../ui/states.tsx'
import { Table, type Column } from '../../ui/table.tsx'

type Step = ExplanationAnswer['steps'][number]
type Leading = ExplanationAnswer['entries'][number]

/** The decision made again: the verdict, the numbers in the order in which they were asked, and what led to them. */
export function DecisionProof({ explanation }: { readonly explanation: ExplanationAnswer }) {
  const { entries, entryCount, steps, help, position } = explanation
  return (
    <>
      <Card
        title="Made again from the journal"
        lead={`As it was at entry ${count(position)}.`}
        actions={
          <Badge tone={explanation.isConfirmed ? 'good' : 'bad'}>
            {explanation.isConfirmed ? 'The same decision' : 'Another decision'}
          </Badge>
        }
      >
        <Note tone={explanation.isConfirmed ? 'good' : 'bad'}>
          <p className="verdict">{explanation.verdict}</p>
        </Note>
        {steps.length === 0 ? null : (
          <Table label="Steps" columns={stepColumns} rows={steps} rowKey={({ title }) => title} />
        )}
        {help === null ? null : <p>What would have let it pass: {help}.</p>}
      </Card>
      <Card
        title="What led to it"
        lead={
          entryCount > entries.length
            ? `The last ${count(entries.length)} of ${count(entryCount)} entries.`
            : undefined
        }
      >
        <Table
          label="Entries"
          columns={entryColumns}
          rows={entries.toReversed()}
          rowKey={({ position: at }) => String(at)}
        />
      </Card>
    </>
  )
}

const tones = { open: 'good', closed: 'bad', skipped: 'plain' } as const

const stepColumns: readonly Column<Step>[] = [
  { id: 'title', heading: 'Asked', cell: ({ title }) => title },
  { id: 'numbers', heading: 'Numbers', cell: ({ numbers }) => numbers },
  {
    id: 'found',
    heading: 'Found',
    cell: ({ outcome, found }) => <Badge tone={tones[outcome]}>{found}</Badge>,
  },
]

const entryColumns: readonly Column<Leading>[] = [
  { id: 'position', heading: 'Entry', cell: ({ position }) => count(position) },
  { id: 'at', heading: 'When', cell: ({ atMs }) => <Clock atMs={atMs} isToTheSecond /> },
  { id: 'what', heading: 'What', cell: ({ title }) => title },
  { id: 'actor', heading: 'By', cell: ({ actor }) => actor ?? '–' },
]
