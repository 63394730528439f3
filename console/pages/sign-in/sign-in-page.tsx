import { useState } from 'react'
import { Brand } from '../../app/brand.tsx'
import { credential } from '../../data/credential.ts'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { Note } from '../../ui/states.tsx'
import { KeyForm } from './key-form.tsx'
import { SignInForm } from './sign-in-form.tsx'

/**
 * The way in: with an account, or with a member's key. While the installation has no operator there are no accounts,
 * so that the key stands first.
 */
export function SignInPage({ isFirstRun }: { readonly isFirstRun: boolean }) {
  const farewell = credential.farewell()
  const [isByKey, setByKey] = useState(isFirstRun || farewell !== null)
  return (
    <main className="lone" id="main">
      <Brand />
      <Card>
        <h1>{isByKey ? 'What is left on your plan?' : 'Sign in'}</h1>
        {farewell === null ? null : (
          <Note tone="bad" isAlert>
            {farewell}
          </Note>
        )}
        {isByKey ? <KeyForm hasFirstFocus /> : <SignInForm />}
        {isFirstRun ? (
          <Note title="Is this your server?">
            <p>
              It has no operator yet. Open the link “Set up” that its start printed: that makes your
              account.
            </p>
          </Note>
        ) : (
          <p className="soft small other-way">
            {isByKey ? 'You have an account?' : 'You have a Plimsoll key and no account?'}{' '}
            <Button kind="quiet" size="small" onPress={() => setByKey(!isByKey)}>
              {isByKey ? 'Sign in with e-mail' : 'Use your Plimsoll key'}
            </Button>
          </p>
        )}
        <p className="soft small">
          {isByKey ? (
            <>
              The operator makes keys, on its pages or with{' '}
              <code>npm run plimsoll -- key issue</code>.
            </>
          ) : (
            <>Forgot your password? Whoever invited you can make a link for a new one.</>
          )}
        </p>
      </Card>
    </main>
  )
}
