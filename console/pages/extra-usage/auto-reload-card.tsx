import { useState } from 'react'
import type { ExtraUsageAnswer } from '../../../src/admin/contract/extra-usage.ts'
import { plural } from '../../format/numbers.ts'
import { Badge, type Tone } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Card, Facts } from '../../ui/card.tsx'
import { Clock, Countdown } from '../../ui/moment.tsx'
import { Money } from '../../ui/money.tsx'
import { Note } from '../../ui/states.tsx'
import { AutoReloadDialog, TurnReloadOff } from './auto-reload-dialog.tsx'
import type { Permissions } from './permissions.ts'
import { StandingOrderDialog } from './standing-order-dialog.tsx'

type Props = { readonly wallet: ExtraUsageAnswer; readonly may: Permissions }

const stateWords: Readonly<
  Record<ExtraUsageAnswer['autoReload']['state'], readonly [Tone, string]>
> = {
  off: ['plain', 'Off'],
  ready: ['good', 'On'],
  due: ['accent', 'Reloading'],
  stopped: ['bad', 'Stopped'],
}

/** How the balance tops itself up: its terms, what it did this month, and why it stopped where it did. */
export function AutoReloadCard({ wallet, may }: Props) {
  const [open, setOpen] = useState<'terms' | 'off' | 'order' | null>(null)
  const close = (): void => setOpen(null)
  const { autoReload, reloadStopSentence } = wallet
  const [tone, words] = stateWords[autoReload.state]
  const isOn = autoReload.setting.kind === 'on'
  return (
    <Card
      title="Auto-reload"
      lead="Tops the balance up by itself when little is left, and never beyond a month's maximum."
      actions={
        <>
          <Badge tone={tone}>{words}</Badge>
          {may.canManage ? (
            <>
              {isOn ? <Button onPress={() => setOpen('off')}>Turn off</Button> : null}
              <Button onPress={() => setOpen('terms')}>{isOn ? 'Change' : 'Set up'}</Button>
            </>
          ) : null}
        </>
      }
    >
      {reloadStopSentence === null ? null : <Note tone="bad" title={reloadStopSentence} />}
      <Terms wallet={wallet} />
      <StandingOrder wallet={wallet} may={may} onChange={() => setOpen('order')} />
      {may.canManage || isOn ? null : (
        <p className="soft small">The account&apos;s owner or the operator can set it up.</p>
      )}
      <AutoReloadDialog wallet={wallet} isOpen={open === 'terms'} onClose={close} />
      <TurnReloadOff wallet={wallet} isOpen={open === 'off'} onClose={close} />
      <StandingOrderDialog wallet={wallet} isOpen={open === 'order'} onClose={close} />
    </Card>
  )
}

function Terms({ wallet }: { readonly wallet: ExtraUsageAnswer }) {
  const { autoReload, currencySymbol: symbol } = wallet
  const { setting, reloadedNanos, reloadCount, monthEndMs } = autoReload
  if (setting.kind === 'off') {
    return <p>The balance is topped up by hand only.</p>
  }
  return (
    <Facts
      rows={[
        [
          'When less than',
          <>
            <Money nanos={setting.thresholdNanos} symbol={symbol} /> is available
          </>,
        ],
        [
          'Add',
          <>
            <Money nanos={setting.amountNanos} symbol={symbol} />
          </>,
        ],
        [
          'At most',
          <>
            <Money nanos={setting.monthMaxNanos} symbol={symbol} /> a month
          </>,
        ],
        [
          'This month',
          <>
            <Money nanos={reloadedNanos} symbol={symbol} /> in {plural(reloadCount, 'reload')}; it
            ends <Clock atMs={monthEndMs} />, <Countdown atMs={monthEndMs} />
          </>,
        ],
      ]}
    />
  )
}

/** The way to pay: until a payment method is connected, what the operator has promised to pay for. */
function StandingOrder(props: Props & { readonly onChange: () => void }) {
  const { wallet, may } = props
  const { standingOrderNanos } = wallet.autoReload
  return (
    <div className="row between">
      <p className="soft small">
        {standingOrderNanos === '0' ? (
          <>
            Reloads are paid by a standing order of the operator, and there is none.
            {may.canGrant ? '' : ' Ask the operator for one.'}
          </>
        ) : (
          <>
            Reloads are paid by a standing order of the operator, up to{' '}
            <Money nanos={standingOrderNanos} symbol={wallet.currencySymbol} /> a month.
          </>
        )}
      </p>
      {may.canGrant ? (
        <Button size="small" onPress={props.onChange}>
          {standingOrderNanos === '0' ? 'Give a standing order' : 'Change the standing order'}
        </Button>
      ) : null}
    </div>
  )
}
