import { useQuery } from '@tanstack/react-query'
import type { RequestAnswer } from '../../../src/admin/contract/requests.ts'
import { path, read } from '../../data/api.ts'
import { scopePath, type Scope } from '../../data/scope.ts'
import { useSession } from '../../data/session.ts'
import { count, quantity } from '../../format/numbers.ts'
import { Badge } from '../../ui/badge.tsx'
import { ButtonLink } from '../../ui/button.tsx'
import { Facts } from '../../ui/card.tsx'
import { CopyButton } from '../../ui/copy.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Clock } from '../../ui/moment.tsx'
import { Money } from '../../ui/money.tsx'
import { Note, Pending } from '../../ui/states.tsx'
import { Table } from '../../ui/table.tsx'
import { meterWords, sourceWords } from './words.ts'

/** One request in full, with an address of its own. */
export function RequestDialog(props: {
  readonly scope: Scope
  /** Empty: none is open. */
  readonly holdId: string
  /** Whose it is, in the history of a customer. */
  readonly memberId: string
  readonly onClose: () => void
}) {
  const { holdId, onClose } = props
  return (
    <Dialog title="Request" size="wide" isOpen={holdId !== ''} onClose={onClose}>
      <Request place={placeOf(props)} holdId={holdId} />
    </Dialog>
  )
}

function placeOf({
  scope,
  memberId,
}: {
  readonly scope: Scope
  readonly memberId: string
}): string {
  if (scope.kind !== 'customer') return scopePath(scope)
  return path`customers/${scope.customerId}/members/${memberId}`
}

function Request({ place, holdId }: { readonly place: string; readonly holdId: string }) {
  const { data, error, refetch } = useQuery({
    queryKey: ['request', place, holdId],
    queryFn: ({ signal }) =>
      read<RequestAnswer>(`${place}/requests/${encodeURIComponent(holdId)}`, signal),
    enabled: holdId !== '',
  })
  if (data === undefined) {
    return <Pending error={error} refetch={refetch} lines={8} />
  }
  return (
    <div className="stack">
      <Note tone={data.state === 'expired' || data.state === 'voided' ? 'warn' : 'plain'}>
        <p className="strong">{data.sentence}</p>
        <p>
          <Flags request={data} />
        </p>
      </Note>
      <Bill request={data} />
      <About request={data} isOwn={place === 'me'} />
      <Table
        label="What the journal has of it"
        rows={data.story}
        rowKey={({ position }) => String(position)}
        columns={[
          { id: 'at', heading: 'When', cell: ({ atMs }) => <Clock atMs={atMs} isToTheSecond /> },
          { id: 'what', heading: 'What the journal has of it', cell: ({ title }) => title },
          {
            id: 'entry',
            heading: 'Entry',
            isNumber: true,
            cell: ({ position }) => count(position),
          },
        ]}
      />
    </div>
  )
}

type One = { readonly request: RequestAnswer }

function Flags({ request: { source, state, settle, lostNanos } }: One) {
  return (
    <span className="row">
      <Badge tone="accent">{sourceWords[source]}</Badge>
      {state === 'open' ? <Badge tone="good">Running</Badge> : null}
      {settle?.isEstimate === true ? <Badge tone="warn">Estimated</Badge> : null}
      {settle?.isLate === true ? <Badge tone="warn">Settled late</Badge> : null}
      {lostNanos === null ? null : <Badge tone="warn">Was given up as lost</Badge>}
    </span>
  )
}

/** Quantity times rate is the amount; amounts and the one rounding are the cost. */
function Bill({ request: { settle, currencySymbol: symbol } }: One) {
  if (settle?.bill === null || settle === null) return null
  const { lines, multipliers, roundedUpBy, costNanos } = settle.bill
  const rows = [
    ...lines.map(({ meter, quantity: units, nanosPerMillion, amount }) => ({
      name: meterWords[meter],
      units: count(units),
      rate: nanosPerMillion,
      amount: exactMoney(amount, symbol),
    })),
    ...(roundedUpBy === '0'
      ? []
      : [{ name: 'Rounded up', units: '', rate: null, amount: exactMoney(roundedUpBy, symbol) }]),
  ]
  return (
    <div className="bill">
      <Table
        label="Price lines"
        rows={rows}
        rowKey={({ name }) => name}
        columns={[
          { id: 'name', heading: 'What', cell: ({ name }) => name },
          { id: 'units', heading: 'Quantity', isNumber: true, cell: ({ units }) => units },
          {
            id: 'rate',
            heading: 'Per million',
            isNumber: true,
            cell: ({ rate }) => (rate === null ? '' : <Money nanos={rate} symbol={symbol} />),
          },
          {
            id: 'amount',
            heading: 'Amount',
            isNumber: true,
            cell: ({ amount }) => <span className="number">{amount}</span>,
          },
        ]}
      />
      {multipliers.map(({ mark, thousandths }) => (
        <p key={mark} className="soft small">
          {mark}: tokens at {thousandths / 1000} of the price; it is in the amounts.
        </p>
      ))}
      <p className="row between">
        <strong>Cost</strong>
        <strong>
          <Money nanos={costNanos} symbol={symbol} />
        </strong>
      </p>
    </div>
  )
}

/** Amounts of lines have parts of a nano: every digit is shown, so that a reader can add them up. */
function exactMoney(nanos: string, symbol: string): string {
  const [whole = '0', fraction = ''] = nanos.split('.')
  const digits = whole.padStart(10, '0')
  const decimals = (digits.slice(-9) + fraction).replace(/0+$/, '').padEnd(2, '0')
  return `${symbol}${digits.slice(0, -9)}.${decimals}`
}

function About({ request, isOwn }: One & { readonly isOwn: boolean }) {
  const { settle, currencySymbol: symbol, facts, windows, growths, held } = request
  const { role } = useSession()
  const proofHref = isOwn
    ? `#/refused?id=${encodeURIComponent(request.decisionId)}`
    : role === 'operator'
      ? `#/decisions/${encodeURIComponent(request.decisionId)}`
      : null
  const upstreamId = settle?.upstreamRequestId ?? null
  const money = (nanos: string) => <Money nanos={nanos} symbol={symbol} />
  return (
    <Facts
      rows={[
        ['Model', facts.model],
        ['Admitted', <Clock key="at" atMs={request.admittedAtMs} isToTheSecond />],
        ['Set aside at first', money(held.money)],
        [
          'Set aside at most',
          growths.length === 0 ? undefined : money(growths.at(-1)?.amounts.money ?? '0'),
        ],
        ['Charged to extra usage', settle === null ? undefined : money(settle.chargedNanos)],
        [
          'Absorbed by the operator',
          settle === null || settle.overrunNanos === '0' ? undefined : money(settle.overrunNanos),
        ],
        [
          'Counts in',
          windows.length === 0
            ? undefined
            : windows.map(({ limitId, title, unit, used, startMs }) => (
                <span key={limitId} className="row">
                  {title}: {quantity(used, unit, symbol)}, window since <Clock atMs={startMs} />
                </span>
              )),
        ],
        ['Key', request.keyId === null ? undefined : (request.keyName ?? request.keyId)],
        ['Request', <Id key="hold" id={request.holdId} what="request id" />],
        [
          'Upstream',
          upstreamId === null ? undefined : (
            <Id key="up" id={upstreamId} what="upstream request id" />
          ),
        ],
        [
          'Decision',
          <span key="decision" className="row">
            <Id id={request.decisionId} what="decision id" />
            {proofHref === null ? null : (
              <ButtonLink size="small" href={proofHref}>
                Prove it
              </ButtonLink>
            )}
          </span>,
        ],
      ]}
    />
  )
}

function Id({ id, what }: { readonly id: string; readonly what: string }) {
  return (
    <span className="row">
      <code>{id}</code>
      <CopyButton text={id} what={what} isIcon />
    </span>
  )
}
