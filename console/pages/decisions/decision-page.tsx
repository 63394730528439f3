import { useQuery } from '@tanstack/react-query'
import { useParams } from 'wouter'
import { useState } from 'react'
import type { ExplanationAnswer } from '../../../src/admin/contract/answers.ts'
import type { FoundAnswer } from '../../../src/admin/contract/desk.ts'
import { path, read } from '../../data/api.ts'
import { queryText } from '../../data/query-text.ts'
import { useSession } from '../../data/session.ts'
import { count } from '../../format/numbers.ts'
import { Button } from '../../ui/button.tsx'
import { Card, Facts } from '../../ui/card.tsx'
import { CopyButton } from '../../ui/copy.tsx'
import { Clock } from '../../ui/moment.tsx'
import { Money } from '../../ui/money.tsx'
import { Page } from '../../ui/page.tsx'
import { EmptyState, Note, Pending } from '../../ui/states.tsx'
import { DecisionProof } from './decision-proof.tsx'
import { sourceWords } from './words.ts'
import './decisions-page.css'

const parent = { href: '#/decisions', title: 'Decisions' }

/** One decision: found by any id of its request, then made again from the journal. */
export function DecisionPage() {
  const { decisionId } = useParams<{ decisionId: string }>()
  const id = decodeURIComponent(decisionId)
  const [beforePosition, setBefore] = useState<number | null>(null)
  const found = useQuery({
    queryKey: ['find', id, beforePosition],
    queryFn: ({ signal }) => read<FoundAnswer>(`find?${queryText({ id, beforePosition })}`, signal),
    meta: { everyMs: 5_000 },
  })
  const { data, error } = found
  return (
    <Page title="Decision" parent={parent} lead={<code className="wrap-anywhere">{id}</code>}>
      {data === undefined ? (
        <Card>
          <Pending error={error} refetch={found.refetch} lines={6} />
        </Card>
      ) : data.kind === 'unknown' ? (
        <Unknown data={data} onOlder={setBefore} />
      ) : (
        <Found found={data} />
      )}
    </Page>
  )
}

function Unknown(props: {
  readonly data: FoundAnswer & { readonly kind: 'unknown' }
  readonly onOlder: (beforePosition: number) => void
}) {
  const { beforePosition } = props.data
  if (beforePosition === null) {
    return (
      <Card>
        <EmptyState title="No request has this id.">
          Copy the whole id: of a refusal it stands at the end of the error, of an answer in the
          header x-plimsoll-decision. The request id of a refusal is known until the next restart;
          its decision id always.
        </EmptyState>
      </Card>
    )
  }
  return (
    <Card>
      <EmptyState
        title={`Not among the entries after ${count(beforePosition)}.`}
        action={<Button onPress={() => props.onOlder(beforePosition)}>Look at older ones</Button>}
      >
        An id of the upstream’s is looked for entry by entry.
      </EmptyState>
    </Card>
  )
}

function Found({ found }: { readonly found: Exclude<FoundAnswer, { kind: 'unknown' }> }) {
  const id = found.kind === 'admitted' ? found.request.holdId : found.refusal.decisionId
  return (
    <>
      <Card title={found.kind === 'admitted' ? 'The request' : 'The refusal'}>
        {found.kind === 'admitted' ? <Admitted found={found} /> : <Refused found={found} />}
      </Card>
      {id === null ? (
        <Note title="No decision was made.">
          <p>The key asked too fast, which is looked at before anything else and reads no limit.</p>
        </Note>
      ) : (
        <Proof id={id} />
      )}
    </>
  )
}

function Admitted({ found }: { readonly found: FoundAnswer & { readonly kind: 'admitted' } }) {
  const { currencySymbol: symbol } = useSession()
  const { request } = found
  const { end } = request
  const amount = (nanos: string) => <Money nanos={nanos} symbol={symbol} />
  return (
    <Facts
      rows={[
        ...whoseRows(request),
        ['Model', request.model],
        ['Admitted', <Clock key="at" atMs={request.atMs} isToTheSecond />],
        ['Paid by', sourceWords[request.source]],
        ['Held', amount(request.heldNanos)],
        ['Key', request.keyId === null ? '–' : <code>{request.keyId}</code>],
        ['Hold', <Id key="hold" id={request.holdId} what="hold id" />],
        ['End', end === null ? 'running' : request.endTitle],
        ['Ended', end === null ? undefined : <Clock atMs={end.atMs} isToTheSecond />],
        ['Cost', end?.kind === 'settled' ? amount(end.costNanos) : undefined],
        ['Charged', end?.kind === 'settled' ? amount(end.chargedNanos) : undefined],
        [
          'Left to you',
          end === null || end.overrunNanos === '0' ? undefined : amount(end.overrunNanos),
        ],
        [
          'Upstream id',
          end === null || end.upstreamRequestId === null ? undefined : (
            <Id id={end.upstreamRequestId} what="upstream id" />
          ),
        ],
      ]}
    />
  )
}

function Refused({ found }: { readonly found: FoundAnswer & { readonly kind: 'refused' } }) {
  const { refusal } = found
  return (
    <Facts
      rows={[
        ...whoseRows(refusal),
        ['Model', refusal.model ?? '–'],
        ['Refused', <Clock key="at" atMs={refusal.atMs} isToTheSecond />],
        ['Why', refusal.words],
        ['Key', refusal.keyId === '' ? undefined : <code>{refusal.keyId}</code>],
        [
          'Request',
          refusal.requestId === null ? undefined : <Id id={refusal.requestId} what="request id" />,
        ],
      ]}
    />
  )
}

type Whose = {
  readonly customerId: string
  readonly memberId: string
  readonly customer: { readonly name: string | null }
  readonly member: { readonly name: string | null } | null
}

const whoseRows = (whose: Whose) =>
  [
    [
      'Member',
      <a
        key="member"
        href={`#/${path`customers/${whose.customerId}/members/${whose.memberId}`}/usage`}
      >
        {whose.member?.name ?? whose.memberId}
      </a>,
    ],
    [
      'Customer',
      <a key="customer" href={`#/${path`customers/${whose.customerId}`}`}>
        {whose.customer.name ?? whose.customerId}
      </a>,
    ],
  ] as const

function Id({ id, what }: { readonly id: string; readonly what: string }) {
  return (
    <span className="row">
      <code className="wrap-anywhere">{id}</code>
      <CopyButton text={id} what={what} isIcon />
    </span>
  )
}

function Proof({ id }: { readonly id: string }) {
  const { data, error, refetch } = useQuery({
    queryKey: ['explanation', id],
    queryFn: ({ signal }) => read<ExplanationAnswer>(path`decisions/${id}`, signal),
    meta: { everyMs: 30_000 },
  })
  if (data !== undefined) return <DecisionProof explanation={data} />
  return (
    <Card title="Made again from the journal">
      <Pending error={error} refetch={refetch} lines={4} />
    </Card>
  )
}
