import { Note } from '../../ui/states.tsx'

/** Nothing of the customer's books is wrong; what was wrong never came into them. */
export const QuarantineNote = ({ isOperator }: { readonly isOperator: boolean }) => (
  <Note tone="bad" title="This customer is in quarantine.">
    <p>
      A change was stopped that did not fit its books. Until somebody has looked, its requests and
      changes are answered “unavailable” and cost nothing.{' '}
      {isOperator ? (
        <>
          It is a fault of the program: the <a href="#/storage">health page</a> names the entry. Run{' '}
          <code>npm run plimsoll -- verify</code>: once that finds its books sound, the customer is
          served again.
        </>
      ) : (
        'Tell the operator.'
      )}
    </p>
  </Note>
)
