import type { InvitedAnswer } from '../../../src/admin/contract/people.ts'
import { Button } from '../../ui/button.tsx'
import { CodeBlock } from '../../ui/copy.tsx'
import { Dialog, DialogButtons } from '../../ui/dialog.tsx'
import { Clock } from '../../ui/moment.tsx'

/** A one-time link, shown once: the server keeps only its digest. */
export function LinkDialog(props: {
  readonly invited: InvitedAnswer
  readonly onClose: () => void
}) {
  const { person, link } = props.invited
  const url = new URL(`#link=${link.code}`, document.baseURI).href
  return (
    <Dialog title={`A link for ${person.name}`} isOpen onClose={props.onClose} isKept>
      <p>
        Send it to <strong>{person.email}</strong> in a way that you trust: whoever opens it first
        sets the password. It works once, until <Clock atMs={link.expiresAtMs} />, and takes the
        place of any link before.
      </p>
      <CodeBlock code={url} what="link" />
      <p className="soft small">It is not shown again.</p>
      <DialogButtons>
        <Button kind="main" onPress={props.onClose}>
          Done
        </Button>
      </DialogButtons>
    </Dialog>
  )
}
