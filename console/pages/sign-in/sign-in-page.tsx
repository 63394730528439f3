import { useState } from 'react'
import { Brand } from '../../app/brand.tsx'
import { credential, enterKey } from '../../data/credential.ts'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { TextField } from '../../ui/fields.tsx'
import { Note } from '../../ui/states.tsx'

/** The way in for a member that has a key and no account. */
export function SignInPage() {
  const [key, setKey] = useState('')
  const farewell = credential.farewell()
  return (
    <main className="lone" id="main">
      <Brand />
      <Card>
        <h1>What is left on your plan?</h1>
        <p className="soft">
          Paste your key. It stays in this tab, and goes nowhere but to this server.
        </p>
        {farewell === null ? null : (
          <Note tone="bad" isAlert>
            {farewell}
          </Note>
        )}
        <form
          className="form"
          onSubmit={(event) => {
            event.preventDefault()
            if (key.trim() !== '') enterKey(key.trim())
          }}
        >
          <TextField
            label="Your key"
            type="password"
            value={key}
            onChange={setKey}
            placeholder="plim_…"
            isMono
            isRequired
            hasFirstFocus
          />
          <Button kind="main" type="submit">
            Show my usage
          </Button>
        </form>
        <p className="soft small">
          The start of the server prints a link that carries a key; the operator makes keys with{' '}
          <code>npm run plimsoll -- key issue</code>.
        </p>
      </Card>
    </main>
  )
}
