import { QueryClientProvider } from '@tanstack/react-query'
import { Component, Suspense, useState, type ReactNode } from 'react'
import { Redirect, Route, Router, Switch } from 'wouter'
import { useAddressPath, useAddressSearch } from '../data/address.ts'
import { ApiFailure } from '../data/api.ts'
import { useIsLeaving } from '../data/leaving.ts'
import { part } from '../data/part.ts'
import { forgetWhatWasRead, queries } from '../data/queries.ts'
import { SessionProvider, useSessionQuery, type SignedIn } from '../data/session.ts'
import { useOneTimeCode } from '../data/one-time-code.ts'
import { SessionOver } from '../pages/sign-in/session-over.tsx'
import { SignInPage } from '../pages/sign-in/sign-in-page.tsx'
import { EmptyState, ErrorState, Pending, Skeleton } from '../ui/states.tsx'
import { Page } from '../ui/page.tsx'
import { Toasts } from '../ui/toasts.tsx'
import { homeOf, routesFor } from './navigation.ts'
import { Brand } from './brand.tsx'
import { Shell } from './shell.tsx'

/** The routes live behind `#`, so that the console works below any path and says nothing of them to a server. */
export function App() {
  return (
    <QueryClientProvider client={queries}>
      <Router hook={useAddressPath} searchHook={useAddressSearch}>
        <PageFault>
          <Door />
        </PageFault>
      </Router>
      <Toasts />
    </QueryClientProvider>
  )
}

const SetUpPage = part(async () => (await import('../pages/set-up/set-up-page.tsx')).SetUpPage)
const LinkPage = part(async () => (await import('../pages/set-up/link-page.tsx')).LinkPage)

/** Shows pages to who is signed in, and to anybody else the way in. */
function Door() {
  const { data: session, error, refetch } = useSessionQuery()
  const isLeaving = useIsLeaving()
  const code = useOneTimeCode()
  const [last, setLast] = useState<SignedIn | null>(null)
  if (session?.kind === 'signed_in' && session !== last) setLast(session)
  if (session === undefined || isLeaving) {
    return (
      <main className="lone">
        <Brand />
        <Pending error={error} refetch={refetch} />
      </main>
    )
  }
  if (code !== null) {
    return (
      <Suspense fallback={<Skeleton />}>
        {code.kind === 'link' ? (
          <LinkPage key={code.code} code={code.code} />
        ) : (
          <SetUpPage key={code.code} code={code.code} />
        )}
      </Suspense>
    )
  }
  // The pages of a session that ended stay below the question for a new one.
  const held = session.kind === 'signed_in' ? session : last
  if (held === null || (session.kind !== 'signed_in' && held.by === 'key')) {
    return <SignInPage key={session.kind} isFirstRun={session.kind === 'first_run'} />
  }
  const who = [held.by, held.email, held.customer?.id, held.member?.id].join(' ')
  return (
    <SessionProvider value={held} key={who}>
      <FreshStart>
        <Shell>
          <Pages session={held} />
        </Shell>
        {session.kind === 'signed_in' ? null : <SessionOver session={held} />}
      </FreshStart>
    </SessionProvider>
  )
}

/** Comes anew with each reader, before anything is read for that one. */
function FreshStart({ children }: { readonly children: ReactNode }) {
  useState(forgetWhatWasRead)
  return children
}

function Pages({ session }: { readonly session: SignedIn }) {
  return (
    <Switch>
      {routesFor(session).map(({ path, page: View }) => (
        <Route key={path} path={path}>
          <PageFault key={path}>
            <View />
          </PageFault>
        </Route>
      ))}
      <Route path="/">
        <Redirect to={homeOf(session)} replace />
      </Route>
      <Route>
        <Page title="Nothing here">
          <EmptyState title="There is no page at this address for you.">
            It may be for somebody with another role, or its address was cut.{' '}
            <a href={`#${homeOf(session)}`}>Go to the start</a>
          </EmptyState>
        </Page>
      </Route>
    </Switch>
  )
}

/** A page that breaks says so, and leaves the rest standing. */
class PageFault extends Component<{ readonly children: ReactNode }, { readonly fault: unknown }> {
  override state: { readonly fault: unknown } = { fault: null }

  static getDerivedStateFromError(fault: unknown): { readonly fault: unknown } {
    return { fault }
  }

  override render(): ReactNode {
    const { fault } = this.state
    if (fault === null) return this.props.children
    // Its code says itself what became of it.
    const title = fault instanceof ApiFailure ? {} : { title: 'This page broke.' }
    return <ErrorState {...title} failure={fault} onRetry={() => location.reload()} />
  }
}
