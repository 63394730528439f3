import { useState } from 'react'
import { Brand } from '../../app/brand.tsx'
import { forgetCode } from '../../data/one-time-code.ts'
import { problemOf, useComingIn } from '../../data/sign-in.ts'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { TextField } from '../../ui/fields.tsx'
import { NewPasswordField } from '../../ui/password-field.tsx'
import { FailureNote } from '../../ui/states.tsx'

/** The first run: whoever came with the code of the start becomes the operator. */
export function SetUpPage({ code }: { readonly code: string }) {
  const [person, setPerson] = useState({ name: '', email: '', password: '' })
  const { comeIn, isPending, failure } = useComingIn<typeof person & { code: string }>(
    'session/set-up',
  )
  const set = (field: keyof typeof person) => (value: string) =>
    setPerson({ ...person, [field]: value })
  return (
    <main className="lone" id="main">
      <Brand />
      <Card>
        <h1>Make this server yours</h1>
        <p className="soft">
          Your account is the operator’s: it sees and manages every customer, plan and member. You
          invite others afterwards.
        </p>
        <form
          className="form"
          onSubmit={(event) => {
            event.preventDefault()
            void comeIn({ ...person, code }).then((isIn) => {
              if (isIn) forgetCode()
            })
          }}
        >
          {failure === null || failure.problems.length > 0 ? null : (
            <FailureNote failure={failure} />
          )}
          <TextField
            label="Your name"
            name="name"
            autoComplete="name"
            value={person.name}
            onChange={set('name')}
            problem={problemOf(failure, 'name')}
            isRequired
            hasFirstFocus
          />
          <TextField
            label="E-mail"
            type="email"
            name="email"
            autoComplete="username"
            value={person.email}
            onChange={set('email')}
            problem={problemOf(failure, 'email')}
            isRequired
          />
          <NewPasswordField
            label="Password"
            value={person.password}
            onChange={set('password')}
            problem={problemOf(failure, 'password')}
          />
          <Button kind="main" type="submit" isPending={isPending}>
            Create the operator’s account
          </Button>
        </form>
        {failure === null || failure.problems.length > 0 ? null : <NotNow />}
      </Card>
    </main>
  )
}

/** A code that does not work should not keep anybody from the rest. */
export function NotNow() {
  return (
    <p className="soft small">
      <Button kind="quiet" size="small" onPress={forgetCode}>
        Go to sign in
      </Button>
    </p>
  )
}
