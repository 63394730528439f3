import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { Route, Router, Switch } from 'wouter'
import { useHashLocation } from 'wouter/use-hash-location'

const queries = new QueryClient()

/** The routes live behind `#`, so that the console works below any path and says nothing of them to a server. */
export function App() {
  return (
    <QueryClientProvider client={queries}>
      <Router hook={useHashLocation}>
        <Switch>
          <Route>
            <main>
              <h1>Plimsoll</h1>
            </main>
          </Route>
        </Switch>
      </Router>
    </QueryClientProvider>
  )
}
