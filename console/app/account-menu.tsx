import { AvatarIcon, ExitIcon } from '@radix-ui/react-icons'
import { ApiFailure, newIdempotencyKey, write } from '../data/api.ts'
import { forgetKey } from '../data/credential.ts'
import { setLeaving } from '../data/leaving.ts'
import { useSession, type SignedIn } from '../data/session.ts'
import { Popover } from '../ui/popover.tsx'
import { SegmentedControl } from '../ui/segmented-control.tsx'
import { toast } from '../ui/toast-store.ts'
import { setTheme, themes, themeWords, useTheme } from './theme.ts'

/** Who is signed in and how; the theme; the way out. */
export function AccountMenu() {
  const session = useSession()
  const theme = useTheme()
  return (
    <Popover
      label="Account and appearance"
      button={<AvatarIcon />}
      buttonClass="icon-button"
      kind="menu"
    >
      {(close) => (
        <>
          <div className="menu-words">
            <p className="strong">{nameOf(session)}</p>
            <p className="soft small">{roleWords(session)}</p>
          </div>
          <div className="menu-item">
            <SegmentedControl
              label="Appearance"
              value={theme}
              onChange={setTheme}
              options={themes.map((value) => ({ value, label: themeWords[value] }))}
            />
          </div>
          {session.by === 'account' ? (
            <a className="menu-item" href="#/account" onClick={close}>
              <AvatarIcon aria-hidden="true" /> Your account
            </a>
          ) : null}
          <button type="button" className="menu-item" onClick={() => void leave(session)}>
            <ExitIcon aria-hidden="true" />
            {session.by === 'key' ? 'Forget my key' : 'Sign out'}
          </button>
        </>
      )}
    </Popover>
  )
}

const nameOf = ({ name, email, member, role }: SignedIn): string =>
  name ?? member?.name ?? email ?? member?.id ?? role

function roleWords({ role, customer, by }: SignedIn): string {
  if (role === 'operator') return 'Operator'
  const of = customer === null ? '' : ` of ${customer.name ?? customer.id}`
  const how = by === 'key' ? ', by key' : ''
  return `${role === 'owner' ? 'Owner' : 'Member'}${of}${how}`
}

async function leave({ by }: SignedIn): Promise<void> {
  if (by === 'key') return forgetKey()
  setLeaving(true)
  try {
    await write('session/sign-out', { body: {}, idempotencyKey: newIdempotencyKey() })
    // What was on screen is gone from memory as well.
    history.replaceState(null, '', `${location.pathname}${location.search}#/`)
    location.reload()
  } catch (error) {
    const { message, remedy } = ApiFailure.of(error)
    setLeaving(false)
    toast(`${message} ${remedy}`, 'bad')
  }
}
