import { useState } from 'react'
import type { Comparison, FoundDecision, ReportAnswer } from '../../../src/admin/contract/lookup.ts'
import { saveFile } from '../../data/download.ts'
import { useCommand } from '../../data/use-command.ts'
import { money } from '../../format/money.ts'
import { count, quantity } from '../../format/numbers.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button, ButtonLink } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { CodeBlock } from '../../ui/copy.tsx'
import { Dialog, DialogButtons, DialogForm } from '../../ui/dialog.tsx'
import { TextArea } from '../../ui/fields.tsx'
import { Clock } from '../../ui/moment.tsx'
import { Note } from '../../ui/states.tsx'
import { Table } from '../../ui/table.tsx'
import './refused-page.css'

type One = { readonly found: FoundDecision }

/** Yes or no, why, what helps, and the numbers of then beside those of now. */
export function Verdict({ found }: One) {
  const [isReporting, setReporting] = useState(false)
  const { explanation, answer } = found
  const isWrong = answer === 'wrongly_refused' || answer === 'wrongly_admitted'
  return (
    <>
      <Card>
        <div className={`verdict-answer ${isWrong ? 'bad' : 'good'}`} role="status">
          <p className="verdict-word">{words[answer]}</p>
          <p className="strong">{found.headline}</p>
          <p className="soft small">
            <Clock atMs={explanation.atMs} isToTheSecond />, {explanation.facts.model}
          </p>
        </div>
        {explanation.help === null ? null : (
          <Note tone="accent" title="What would have helped">
            <p>{capitalized(explanation.help)}.</p>
          </Note>
        )}
        <Note title="Now">
          <p>{found.nowSentence}</p>
        </Note>
        <div className="row">
          <Button kind={isWrong ? 'main' : 'plain'} onPress={() => setReporting(true)}>
            Report this
          </Button>
          {found.holdId === null ? null : (
            <ButtonLink href={`#/history?request=${encodeURIComponent(found.holdId)}`}>
              Open the request
            </ButtonLink>
          )}
          <ButtonLink href="#/extra-usage">Extra usage</ButtonLink>
          {found.isReported ? <Badge tone="accent">You reported it</Badge> : null}
        </div>
      </Card>
      <Proof found={found} />
      <Numbers comparison={found.comparison} symbol={found.currencySymbol} />
      <Dialog title="Report this decision" isOpen={isReporting} onClose={() => setReporting(false)}>
        <Report decisionId={found.decisionId} onClose={() => setReporting(false)} />
      </Dialog>
    </>
  )
}

const words: Readonly<Record<FoundDecision['answer'], string>> = {
  rightly_refused: 'No',
  wrongly_refused: 'Yes',
  admitted: 'Not refused',
  wrongly_admitted: 'Not refused',
}

const tones = { open: 'good', closed: 'bad', skipped: 'plain' } as const

function Proof({ found: { explanation } }: One) {
  const { steps, verdict, position } = explanation
  return (
    <Card
      title="The proof"
      lead={`Decided again from the journal as it was at entry ${count(position)}.`}
    >
      <p>{verdict}</p>
      {steps.length === 0 ? null : (
        <Table
          label="Steps of the decision, in its order"
          rows={steps}
          rowKey={({ title }) => title}
          columns={[
            { id: 'title', heading: 'Asked', cell: ({ title }) => title },
            { id: 'numbers', heading: 'Numbers', cell: ({ numbers }) => numbers },
            {
              id: 'found',
              heading: 'Found',
              cell: ({ outcome, found }) => <Badge tone={tones[outcome]}>{found}</Badge>,
            },
          ]}
        />
      )}
    </Card>
  )
}

type Row = { readonly name: string; readonly before: string; readonly now: string }

function Numbers({
  comparison,
  symbol,
}: {
  readonly comparison: Comparison
  readonly symbol: string
}) {
  return (
    <Card title="The numbers then and now">
      <Table
        label="The numbers then and now"
        rows={rowsOf(comparison, symbol)}
        rowKey={({ name }) => name}
        columns={[
          { id: 'name', heading: 'What', cell: ({ name }) => name },
          { id: 'before', heading: 'When it was decided', cell: ({ before }) => before },
          {
            id: 'now',
            heading: 'Now',
            cell: ({ before, now }) => (
              <span className={before === now ? 'soft' : 'strong'}>{now}</span>
            ),
          },
        ]}
      />
    </Card>
  )
}

function rowsOf({ limits, extraUsage }: Comparison, symbol: string): readonly Row[] {
  const { before, now } = extraUsage
  const onOff = (isOn: boolean): string => (isOn ? 'on' : 'off')
  const ofCap = (nanos: string | null): string =>
    nanos === null ? ', no cap' : ` of ${money(nanos, symbol)}`
  const both = (name: string, text: (figures: typeof now) => string): Row => ({
    name,
    before: text(before),
    now: text(now),
  })
  return [
    ...limits.map((limit): Row => {
      const text = (figures: typeof limit.before | null): string =>
        figures === null ? 'not on the plan any more' : limitText(figures, limit.unit, symbol)
      return { name: limit.title, before: text(limit.before), now: text(limit.now) }
    }),
    both('Extra usage for the account', (figures) => onOff(figures.isOnForCustomer)),
    both('Extra usage for you', (figures) => onOff(figures.isOnForMember)),
    both(
      'Balance',
      (figures) =>
        `${money(figures.balanceNanos, symbol)}, ${money(figures.heldNanos, symbol)} of it held`,
    ),
    both(
      'Spent this month',
      (figures) => `${money(figures.spentNanos, symbol)}${ofCap(figures.capNanos)}`,
    ),
  ]
}

function limitText(
  { used, held, amount }: Comparison['limits'][number]['before'],
  unit: Comparison['limits'][number]['unit'],
  symbol: string,
): string {
  const text = (value: string): string => quantity(value, unit, symbol)
  const most = amount === null ? '' : ` of ${text(amount)}`
  return `${text(used)} used${held === '0' ? '' : `, ${text(held)} held`}${most}`
}

/** Tells the operator, and gives a text to hand on: the figures and the proof, no key, no name and no prompt. */
function Report({
  decisionId,
  onClose,
}: {
  readonly decisionId: string
  readonly onClose: () => void
}) {
  const [note, setNote] = useState('')
  const [made, setMade] = useState<ReportAnswer | null>(null)
  const report = useCommand<{ readonly decisionId: string; readonly note: string }, ReportAnswer>(
    'me/reports',
  )
  if (made !== null) {
    return (
      <div className="stack">
        <Note
          tone="good"
          isAlert
          title={made.isNew ? 'Your operator has it.' : 'Your operator had it already.'}
        >
          <p>This text is for whoever else should look at it. What you wrote stands in it alone.</p>
        </Note>
        <CodeBlock code={made.text} what="report" />
        <DialogButtons>
          <Button
            onPress={() =>
              saveFile(
                new Blob([`${JSON.stringify(made.bundle, null, 2)}\n`], {
                  type: 'application/json',
                }),
                'plimsoll-report.json',
              )
            }
          >
            Download as JSON
          </Button>
          <Button kind="main" onPress={onClose}>
            Done
          </Button>
        </DialogButtons>
      </div>
    )
  }
  return (
    <DialogForm
      command={report}
      label="Report it"
      onCancel={onClose}
      onSend={() => {
        report.send({ decisionId, note: note.trim() }, setMade)
      }}
    >
      <p>
        Your operator is told which decision it is and how it comes out when it is made again. Your
        key, names and what you asked the model are not in it.
      </p>
      <TextArea label="A note for the text (optional)" value={note} onChange={setNote} rows={3} />
    </DialogForm>
  )
}

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
