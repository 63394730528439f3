import { useState } from 'react'
import { useComingIn } from '../../data/sign-in.ts'
import { Button } from '../../ui/button.tsx'
import { TextField } from '../../ui/fields.tsx'
import { FailureNote } from '../../ui/states.tsx'

/** E-mail and password. */
export function SignInForm({ email: known = '' }: { readonly email?: string }) {
  const [email, setEmail] = useState(known)
  const [password, setPassword] = useState('')
  const { comeIn, isPending, failure } = useComingIn<{ email: string; password: string }>(
    'session/sign-in',
  )
  const send = async (): Promise<void> => {
    if (!(await comeIn({ email, password }))) setPassword('')
  }
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
    >
      {failure === null ? null : <FailureNote failure={failure} />}
      <TextField
        label="E-mail"
        type="email"
        name="email"
        autoComplete="username"
        value={email}
        onChange={setEmail}
        isRequired
        hasFirstFocus={known === ''}
      />
      <TextField
        label="Password"
        type="password"
        name="password"
        autoComplete="current-password"
        value={password}
        onChange={setPassword}
        isRequired
        hasFirstFocus={known !== ''}
      />
      <Button kind="main" type="submit" isPending={isPending}>
        Sign in
      </Button>
    </form>
  )
}
