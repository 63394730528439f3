import { useState } from 'react'
import { problemOf, useComingIn } from '../../data/sign-in.ts'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { TextField } from '../../ui/fields.tsx'
import { NewPasswordField } from '../../ui/password-field.tsx'
import { FailureNote } from '../../ui/states.tsx'
import { toast } from '../../ui/toast-store.ts'

export function PasswordCard({ email }: { readonly email: string }) {
  const [passwords, setPasswords] = useState({ current: '', next: '' })
  const { comeIn, isPending, failure } = useComingIn<typeof passwords>('account/password')
  const change = async (): Promise<void> => {
    if (!(await comeIn(passwords))) return
    setPasswords({ current: '', next: '' })
    toast('The new password counts. Every other session was signed out.')
  }
  return (
    <Card title="Password" lead="A new one signs you out everywhere else.">
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault()
          void change()
        }}
      >
        {failure === null || failure.problems.length > 0 ? null : <FailureNote failure={failure} />}
        <input type="hidden" name="email" autoComplete="username" value={email} readOnly />
        <TextField
          label="Present password"
          type="password"
          autoComplete="current-password"
          value={passwords.current}
          onChange={(current) => setPasswords({ ...passwords, current })}
          isRequired
        />
        <NewPasswordField
          label="New password"
          value={passwords.next}
          onChange={(next) => setPasswords({ ...passwords, next })}
          problem={problemOf(failure, 'password')}
        />
        <div className="row">
          <Button type="submit" isPending={isPending}>
            Change the password
          </Button>
        </div>
      </form>
    </Card>
  )
}
