import { useState } from 'react'
import type { ExtraUsageAnswer } from '../../../src/admin/contract/extra-usage.ts'
import { path } from '../../data/api.ts'
import { scopePath, type Scope } from '../../data/scope.ts'
import { useCommand } from '../../data/use-command.ts'
import { Badge } from '../../ui/badge.tsx'
import { Card } from '../../ui/card.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { FailureNote, Note } from '../../ui/states.tsx'
import { Switch } from '../../ui/switch.tsx'
import { toast } from '../../ui/toast-store.ts'
import type { Permissions } from './permissions.ts'

/**
 * The switches. Both have to be on: the customer's for everybody, the member's for one. Where one is in the way of the
 * other, it is said.
 */
export function SwitchesCard(props: {
  readonly wallet: ExtraUsageAnswer
  readonly scope: Scope
  readonly may: Permissions
}) {
  const { wallet, scope, may } = props
  const { member } = wallet
  const who = may.isOwn ? 'you' : (member?.name ?? member?.id ?? '')
  return (
    <Card title={titleOf(wallet, who)}>
      <ObstacleNote wallet={wallet} may={may} who={who} />
      <div className="switch-rows">
        <SwitchRow
          title="The whole account"
          isOn={wallet.isOnForCustomer}
          path={`${path`customers/${wallet.customer.id}`}/extra-usage`}
          canTurn={may.canManage}
          who="the whole account"
          consequence={
            wallet.isOnForCustomer
              ? 'Members whose own switch is on may go on from the balance.'
              : 'Nobody of this account is charged, and requests beyond a plan are refused.'
          }
        />
        {member === null ? null : (
          <SwitchRow
            title={may.isOwn ? 'You' : who}
            isOn={member.isOn}
            path={`${scopePath(scope)}/extra-usage`}
            canTurn={may.isOwn || may.canManage}
            who={who}
            consequence={
              member.isOn
                ? `When the plan has no room left, requests of ${may.isOwn ? 'yours' : who} are paid from the balance.`
                : `When the plan has no room left, requests of ${may.isOwn ? 'yours' : who} are refused until it has.`
            }
          />
        )}
      </div>
    </Card>
  )
}

function titleOf({ isOnForCustomer, member }: ExtraUsageAnswer, who: string): string {
  const isOn = isOnForCustomer && (member === null || member.isOn)
  return `Extra usage is ${isOn ? 'on' : 'off'} for ${member === null ? 'the whole account' : who}`
}

/** Which of the two switches is in the way, where exactly one is. */
function ObstacleNote(props: {
  readonly wallet: ExtraUsageAnswer
  readonly may: Permissions
  readonly who: string
}) {
  const { isOnForCustomer, member } = props.wallet
  if (member === null || isOnForCustomer === member.isOn) return null
  if (isOnForCustomer) {
    return (
      <Note
        tone="warn"
        title={
          props.may.isOwn ? 'Your own switch is in the way.' : "The member's switch is in the way."
        }
      >
        <p>It is on for the whole account, and off for {props.who}.</p>
      </Note>
    )
  }
  return (
    <Note tone="warn" title="The account's switch is in the way.">
      <p>
        It is on for {props.who}, and counts once it is on for the whole account, too.
        {props.may.canManage ? '' : " The account's owner or the operator can turn that on."}
      </p>
    </Note>
  )
}

type RowProps = {
  readonly title: string
  readonly isOn: boolean
  readonly path: string
  readonly canTurn: boolean
  readonly who: string
  readonly consequence: string
}

function SwitchRow({ title, isOn, path: to, canTurn, who, consequence }: RowProps) {
  const turn = useCommand<{ isOn: boolean }>(to)
  const [isAsking, setAsking] = useState(false)
  const turnOn = (): void => {
    turn.send({ isOn: true }, () =>
      toast(`Extra usage is on for ${who}. Everything else is as it was.`),
    )
  }
  return (
    <div className="switch-row">
      <div className="grow">
        <h3>{title}</h3>
        <p className="soft">{consequence}</p>
      </div>
      {canTurn ? (
        <Switch
          label={`Extra usage for ${who}`}
          isOn={isOn}
          isDisabled={turn.isPending}
          onChange={(next) => (next ? turnOn() : setAsking(true))}
        />
      ) : (
        <Badge tone={isOn ? 'good' : 'plain'}>{isOn ? 'On' : 'Off'}</Badge>
      )}
      {turn.failure === null || isAsking ? null : <FailureNote failure={turn.failure} />}
      <ConfirmDialog
        title={`Turn extra usage off for ${who}?`}
        confirmLabel="Turn off"
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={async () => {
          await turn.run({ isOn: false })
          toast(`Extra usage is off for ${who}.`)
        }}
      >
        <p>
          From the next request on, what a plan has no room for is refused. Requests that are
          running end as they are.
        </p>
        <p className="soft">
          Nothing is lost: the balance, the cap and what was spent stay as they are. Off and on
          again is harmless, as often as you like.
        </p>
      </ConfirmDialog>
    </div>
  )
}
