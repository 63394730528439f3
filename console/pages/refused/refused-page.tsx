import { useQuery } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import type { FoundDecision, LookupAnswer } from '../../../src/admin/contract/lookup.ts'
import { useFilters } from '../../data/address.ts'
import { ask } from '../../data/api.ts'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { CodeBlock } from '../../ui/copy.tsx'
import { TextArea } from '../../ui/fields.tsx'
import { Page } from '../../ui/page.tsx'
import { Note, Pending } from '../../ui/states.tsx'
import { Verdict } from './verdict.tsx'

/** Paste a refusal: what comes back is a verdict with its proof, and what helps. The address keeps what was asked. */
export function RefusedPage() {
  const filters = useFilters()
  const asked = filters.get('id')
  return (
    <Page
      title="Was I refused wrongly?"
      lead="Paste the error as your client showed it, a decision id or a request id. The decision is made again from the journal, with the numbers that it read then."
    >
      <Card>
        <PasteForm key={asked} asked={asked} onAsk={(id) => filters.set({ id })} />
      </Card>
      {asked === '' ? null : <Found text={asked} />}
    </Page>
  )
}

/** An id finds its decision without the words around it, and those need not stand in an address. */
const idPattern = /(?:\b(?:dn|al)_[A-Za-z0-9_-]{8,}|\bhold_[A-Za-z0-9]{4,}|\breq_[A-Za-z0-9_-]{4,})/
const textMax = 4000

function PasteForm(props: { readonly asked: string; readonly onAsk: (text: string) => void }) {
  const [text, setText] = useState(props.asked)
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    const wanted = text.trim().slice(0, textMax)
    if (wanted !== '') props.onAsk(wanted)
  }
  return (
    <form className="stack" onSubmit={submit}>
      <TextArea
        label="The refusal, or an id"
        value={text}
        onChange={setText}
        rows={4}
        isMono
        placeholder="dn_…, al_…, hold_…, req_… or the whole message"
      />
      <div className="row">
        <Button type="submit" kind="main" isDisabled={text.trim() === ''}>
          Look it up
        </Button>
        {text.trim() !== '' && !idPattern.test(text) ? (
          <span className="soft small">There is no id of this service in it yet.</span>
        ) : null}
      </div>
    </form>
  )
}

function Found({ text }: { readonly text: string }) {
  const { data, error, refetch } = useQuery({
    queryKey: ['lookup', text],
    queryFn: ({ signal }) => ask<LookupAnswer>('me/lookup', { text }, signal),
    meta: { everyMs: 5_000 },
  })
  if (data === undefined) {
    return (
      <Card>
        <Pending error={error} refetch={refetch} lines={6} />
      </Card>
    )
  }
  return data.kind === 'decision' ? (
    <Verdict found={data satisfies FoundDecision} />
  ) : (
    <NotFound found={data} />
  )
}

function NotFound({ found }: { readonly found: Exclude<LookupAnswer, FoundDecision> }) {
  return (
    <Card title={found.kind === 'not_ours' ? 'Not a refusal of this service' : 'Not found'}>
      <Note tone="warn" title={found.headline} isAlert>
        <p>{found.advice}</p>
      </Note>
      {found.kind === 'not_ours' ? <CodeBlock code={found.command} what="command" /> : null}
    </Card>
  )
}
