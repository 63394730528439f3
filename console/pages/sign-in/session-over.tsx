import type { SignedIn } from '../../data/session.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { SignInForm } from './sign-in-form.tsx'

/** A session that ended while a page was open: the page stays below as it is, with whatever was typed into it. */
export function SessionOver({ session }: { readonly session: SignedIn }) {
  return (
    <Dialog title="Your session is over" isOpen isBusy onClose={() => undefined}>
      <p>
        Sign in again to go on. This page stays as it is, with what you have typed, if you come back
        as {session.email ?? 'the same person'}.
      </p>
      <SignInForm {...(session.email === null ? {} : { email: session.email })} />
      <p className="soft small">
        <Button kind="quiet" size="small" onPress={leaveForGood}>
          Leave this page instead
        </Button>
      </p>
    </Dialog>
  )
}

/** What was on screen is gone from memory as well. */
function leaveForGood(): void {
  location.hash = '#/'
  location.reload()
}
