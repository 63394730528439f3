import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { LinkOwnerAnswer } from '../../../src/admin/contract/people.ts'
import { Brand } from '../../app/brand.tsx'
import { newIdempotencyKey, write } from '../../data/api.ts'
import { forgetCode } from '../../data/one-time-code.ts'
import { problemOf, useComingIn } from '../../data/sign-in.ts'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { NewPasswordField } from '../../ui/password-field.tsx'
import { FailureNote, Skeleton } from '../../ui/states.tsx'
import { NotNow } from './set-up-page.tsx'

/** What an invitation, or a link for a new password, leads to. */
export function LinkPage({ code }: { readonly code: string }) {
  const owner = useQuery({
    queryKey: ['link', code],
    queryFn: () =>
      write<LinkOwnerAnswer>('session/link', {
        body: { code },
        idempotencyKey: newIdempotencyKey(),
      }),
    meta: { live: 'never' },
    staleTime: Infinity,
    refetchInterval: false,
  })
  return (
    <main className="lone" id="main">
      <Brand />
      <Card>
        <h1>Choose your password</h1>
        {owner.error === null ? null : (
          <>
            <FailureNote failure={owner.error} />
            <NotNow />
          </>
        )}
        {owner.isPending ? <Skeleton /> : null}
        {owner.data === undefined ? null : <PasswordForm code={code} owner={owner.data} />}
      </Card>
    </main>
  )
}

function PasswordForm(props: { readonly code: string; readonly owner: LinkOwnerAnswer }) {
  const { code, owner } = props
  const [password, setPassword] = useState('')
  const { comeIn, isPending, failure } = useComingIn<{ code: string; password: string }>(
    'session/link/password',
  )
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault()
        void comeIn({ code, password }).then((isIn) => {
          if (isIn) forgetCode()
        })
      }}
    >
      <p>
        For <strong>{owner.name}</strong>, who signs in as <strong>{owner.email}</strong>. Sessions
        that are open elsewhere end.
      </p>
      {failure === null || failure.problems.length > 0 ? null : <FailureNote failure={failure} />}
      <input type="hidden" name="email" autoComplete="username" value={owner.email} readOnly />
      <NewPasswordField
        label="New password"
        value={password}
        onChange={setPassword}
        problem={problemOf(failure, 'password')}
        hasFirstFocus
      />
      <Button kind="main" type="submit" isPending={isPending}>
        Set the password and sign in
      </Button>
    </form>
  )
}
