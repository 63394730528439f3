import { HamburgerMenuIcon } from '@radix-ui/react-icons'
import { Suspense, useEffect, useRef, useState, type ReactNode } from 'react'
import { Dialog } from 'react-aria-components/Dialog'
import { Modal, ModalOverlay } from 'react-aria-components/Modal'
import { useLocation } from 'wouter'
import { useLiveChanges } from '../data/live.ts'
import { path } from '../data/api.ts'
import { useSession, type SignedIn } from '../data/session.ts'
import { readersZone } from '../format/time.ts'
import { IconButton } from '../ui/button.tsx'
import { Skeleton } from '../ui/states.tsx'
import { AccountMenu } from './account-menu.tsx'
import { Brand } from './brand.tsx'
import { LiveMark } from './live-mark.tsx'
import { NavIcon } from './icons.tsx'
import { homeOf, routesFor } from './navigation.ts'
import './shell.css'

/** What stands around every page: navigation, the live mark, the account menu. On a phone navigation is a drawer. */
export function Shell({ children }: { readonly children: ReactNode }) {
  const session = useSession()
  const main = useRef<HTMLElement>(null)
  const [isDrawerOpen, setDrawerOpen] = useState(false)
  const [location] = useLocation()
  useLiveChanges(eventsOf(session))
  useEffect(() => {
    scrollTo(0, 0)
  }, [location])
  return (
    <div className="shell">
      <a
        className="skip"
        href="#main"
        onClick={(event) => {
          // The address behind # is the page's own.
          event.preventDefault()
          main.current?.focus()
        }}
      >
        Skip to the content
      </a>
      <aside className="side" aria-label="Plimsoll">
        <div className="side-content">
          <Brand href={`#${homeOf(session)}`} />
          <Navigation session={session} />
          <div className="side-foot">
            <p>Times in {readersZone()}</p>
            {session.version === '' ? null : <p>Plimsoll {session.version}</p>}
          </div>
        </div>
      </aside>
      <header className="top">
        <span className="menu-button">
          <IconButton label="Menu" onPress={() => setDrawerOpen(true)}>
            <HamburgerMenuIcon />
          </IconButton>
        </span>
        <Brand href={`#${homeOf(session)}`} />
        <p className="whose">{whose(session)}</p>
        <LiveMark />
        <AccountMenu />
      </header>
      <main className="main" id="main" ref={main} tabIndex={-1}>
        {session.hasDemoWorld ? <DemoBanner session={session} /> : null}
        <Suspense fallback={<Skeleton lines={6} />}>{children}</Suspense>
      </main>
      <ModalOverlay
        className="drawer-backdrop"
        isOpen={isDrawerOpen}
        onOpenChange={setDrawerOpen}
        isDismissable
      >
        <Modal className="drawer">
          <Dialog aria-label="Menu">
            <Brand />
            <Navigation session={session} onGo={() => setDrawerOpen(false)} />
          </Dialog>
        </Modal>
      </ModalOverlay>
    </div>
  )
}

function Navigation(props: { readonly session: SignedIn; readonly onGo?: () => void }) {
  const [location] = useLocation()
  const shown = routesFor(props.session)
  return (
    <nav className="nav" aria-label="Pages">
      {(['own', 'manage'] as const).map((group) => {
        const entries = shown.filter(({ nav }) => nav?.group === group)
        return entries.length === 0 ? null : (
          <ul key={group}>
            {entries.map(({ path: to, nav }) => (
              <li key={to}>
                <a
                  href={`#${to}`}
                  onClick={props.onGo}
                  aria-current={
                    location === to || location.startsWith(`${to}/`) ? 'page' : undefined
                  }
                >
                  {nav === undefined ? null : <NavIcon name={nav.icon} />}
                  {nav?.label}
                </a>
              </li>
            ))}
          </ul>
        )
      })}
    </nav>
  )
}

/** What is shown is made up, and everybody who looks at it should know. */
function DemoBanner({ session }: { readonly session: SignedIn }) {
  return (
    <div className="demo-banner">
      <span>
        <strong>Demo world.</strong> These customers, members and requests are made up.
      </span>
      {session.role === 'operator' ? <a href="#/customers?remove-demo=yes">Remove it</a> : null}
    </div>
  )
}

/** The stream that tells of everything that this reader may see. */
function eventsOf({ role, customer }: SignedIn): string {
  if (role === 'operator') return 'overview/events'
  if (role === 'owner' && customer !== null) return path`customers/${customer.id}/events`
  return 'me/events'
}

const whose = ({ customer, role }: SignedIn): string =>
  customer === null ? (role === 'operator' ? 'Operator' : '') : (customer.name ?? customer.id)
