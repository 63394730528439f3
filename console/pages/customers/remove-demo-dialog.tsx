import type { DemoRemovedAnswer } from '../../../src/admin/contract/plans.ts'
import { useCommand } from '../../data/use-command.ts'
import { plural } from '../../format/numbers.ts'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { toast } from '../../ui/toast-store.ts'

/** Says what will be so afterwards, and what will not. */
export function RemoveDemoDialog(props: {
  readonly isOpen: boolean
  readonly onClose: () => void
}) {
  const remove = useCommand<object, DemoRemovedAnswer>('demo-world/remove')
  return (
    <ConfirmDialog
      title="Remove the demo world?"
      confirmLabel="Remove the demo world"
      isDangerous
      isOpen={props.isOpen}
      onClose={props.onClose}
      onConfirm={async () => {
        const { removed, keysRevoked, accountsRemoved } = await remove.run({})
        const customers = plural(removed.length, 'customer')
        const people =
          accountsRemoved === 0 ? '' : `, ${plural(accountsRemoved, 'account')} removed`
        toast(
          `The demo world is gone: ${customers}, ${plural(keysRevoked, 'key')} revoked${people}.`,
        )
      }}
    >
      <p>
        All keys of the demo customers are revoked, the demo member’s key too. The customers are
        paused, their names are erased, and no list, total or chart shows them any more. People
        whose account belongs to one of them can no longer sign in.
      </p>
      <p>
        It cannot be undone. Entries are never removed from the journal, so those of the demo world
        stay in it, under ids only. Customers of your own are not touched.
      </p>
    </ConfirmDialog>
  )
}
