import { useState } from 'react'
import type { ConnectAnswer, TestMessageAnswer } from '../../../src/admin/contract/keys.ts'
import { useCommand } from '../../data/use-command.ts'
import { money } from '../../format/money.ts'
import { count } from '../../format/numbers.ts'
import { useSession } from '../../data/session.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button, ButtonLink } from '../../ui/button.tsx'
import { Card, Facts } from '../../ui/card.tsx'
import { Select, TextField } from '../../ui/fields.tsx'
import { FailureNote, Note } from '../../ui/states.tsx'
import { sourceWords } from '../history/words.ts'
import './connect-page.css'

type Sent = { readonly model: string; readonly text: string; readonly keyText?: string }

/** One real message through the gateway, with a key of the reader's own. */
export function TestCard(props: {
  readonly connect: ConnectAnswer
  readonly keyText: string | null
}) {
  const { connect } = props
  const isByKey = useSession().by === 'key'
  const [pasted, setPasted] = useState('')
  const [model, setModel] = useState(connect.models[0] ?? '')
  const [text, setText] = useState('Say hello in one short sentence.')
  const [answer, setAnswer] = useState<TestMessageAnswer | null>(null)
  const command = useCommand<Sent, TestMessageAnswer>('me/test-message')
  const keyText = props.keyText ?? (pasted.trim() === '' ? null : pasted.trim())
  const isReady = isByKey || keyText !== null
  return (
    <Card
      title="Send a test message"
      lead="It goes through the gateway as any message of yours does, and uses room of your plan, or of extra usage."
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          setAnswer(null)
          const sent = { model, text: text.trim() }
          command.send(keyText === null ? sent : { ...sent, keyText }, setAnswer)
        }}
      >
        {props.keyText === null ? (
          <TextField
            label={isByKey ? 'Another key of yours (optional)' : 'A key of yours'}
            value={pasted}
            onChange={setPasted}
            type="password"
            isMono
            placeholder="plim_…"
            hint={
              isByKey
                ? 'Left empty, it is the key that you signed in with.'
                : 'Make one above, or paste one. It is used for this message and kept nowhere.'
            }
          />
        ) : null}
        <Select
          label="Model"
          value={model}
          options={connect.models.map((name) => ({ value: name, label: name }))}
          onChange={setModel}
        />
        <TextField label="Message" value={text} onChange={setText} lengthMax={500} />
        <div className="row">
          <Button
            kind="main"
            type="submit"
            isPending={command.isPending}
            isDisabled={!isReady || text.trim() === '' || model === ''}
          >
            Send it
          </Button>
        </div>
      </form>
      {command.failure === null ? null : <FailureNote failure={command.failure} />}
      {answer === null ? null : <Answered answer={answer} symbol={connect.currencySymbol} />}
    </Card>
  )
}

function Answered({
  answer,
  symbol,
}: {
  readonly answer: TestMessageAnswer
  readonly symbol: string
}) {
  const { text, problem, decisionId, holdId, source, costNanos, chargedNanos, tookMs } = answer
  if (problem !== null) {
    return (
      <Note tone="bad" title={`The gateway answered ${answer.status}.`} isAlert>
        <p className="test-words">{problem}</p>
        {decisionId === null ? null : (
          <ButtonLink size="small" href={`#/refused?id=${encodeURIComponent(decisionId)}`}>
            Was that right?
          </ButtonLink>
        )}
      </Note>
    )
  }
  return (
    <Note tone="good" title="It works." isAlert>
      <p className="test-words">{text}</p>
      <Facts
        rows={[
          [
            'Paid by',
            source === null ? undefined : (
              <Badge key="source" tone="accent">
                {sourceWords[source]}
              </Badge>
            ),
          ],
          ['Cost', costNanos === null ? 'not settled yet' : money(costNanos, symbol)],
          [
            'Charged to extra usage',
            chargedNanos === null || chargedNanos === '0' ? undefined : money(chargedNanos, symbol),
          ],
          ['Took', `${count(tookMs)} ms`],
        ]}
      />
      {holdId === null ? null : (
        <ButtonLink size="small" href={`#/history?request=${encodeURIComponent(holdId)}`}>
          Open the request
        </ButtonLink>
      )}
    </Note>
  )
}
