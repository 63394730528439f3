import type {
  OverLimit,
  PlanPreview,
  PlansPreviewAnswer,
} from '../../../src/admin/contract/plans.ts'
import { path } from '../../data/api.ts'
import { useSession } from '../../data/session.ts'
import { plural, quantity } from '../../format/numbers.ts'
import { Badge } from '../../ui/badge.tsx'
import { Note } from '../../ui/states.tsx'

/** Every mistake with its place; or, per plan, what changes in words and whom it concerns. */
export function PlanPreviewList({ preview }: { readonly preview: PlansPreviewAnswer }) {
  const { problems, changes, unchanged, untouched } = preview
  if (problems.length > 0) {
    return (
      <Note tone="bad" title={`${plural(problems.length, 'mistake')} in the text.`}>
        <ul className="plain-list">
          {problems.map(({ path: place, message }) => (
            <li key={`${place} ${message}`}>
              {place === '' ? null : <code>{place}</code>} {message}
            </li>
          ))}
        </ul>
      </Note>
    )
  }
  return (
    <>
      {changes.length === 0 ? (
        <p className="soft">Nothing: the plans are published just so.</p>
      ) : (
        changes.map((change) => <Change key={change.planId} change={change} />)
      )}
      <p className="soft small">
        {[
          ...(unchanged.length === 0 ? [] : [`Unchanged: ${unchanged.join(', ')}.`]),
          ...(untouched.length === 0
            ? []
            : [`Not in the text, and so left as they are: ${untouched.join(', ')}.`]),
        ].join(' ')}
      </p>
    </>
  )
}

function Change({ change }: { readonly change: PlanPreview }) {
  const { name, isNew, version, sentences, memberCount, members, over, isOverCut } = change
  const shown = members.map(({ member }) => member.name ?? member.id)
  return (
    <div className="preview-change">
      <p className="row">
        <span className="strong">{name}</span>
        {isNew ? <Badge tone="good">new plan</Badge> : <Badge>version {version}</Badge>}
      </p>
      <ul className="plain-list">
        {sentences.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      <p className="soft small">
        {memberCount === 0
          ? 'Nobody sits on it.'
          : `Concerns ${plural(memberCount, 'member')}: ${shown.join(', ')}${memberCount > shown.length ? ' and others' : ''}.`}
      </p>
      {over.length === 0 && !isOverCut ? null : <Over over={over} isCut={isOverCut} />}
    </div>
  )
}

function Over(props: { readonly over: readonly OverLimit[]; readonly isCut: boolean }) {
  const { currencySymbol } = useSession()
  const { over, isCut } = props
  const title =
    over.length === 0
      ? 'Some members may be over it.'
      : `${plural(over.length, 'limit')} would be used up at once.`
  return (
    <Note tone="warn" title={title}>
      <ul className="plain-list">
        {over.map(({ customer, member, title: limit, unit, used, amountThen }) => (
          <li key={`${customer.id} ${member.id} ${limit}`}>
            <a href={`#/${path`customers/${customer.id}/members/${member.id}`}`}>
              {member.name ?? member.id}
            </a>
            , {limit}: {quantity(used, unit, currencySymbol)} used, of{' '}
            {quantity(amountThen, unit, currencySymbol)} then
          </li>
        ))}
      </ul>
      {isCut ? <p>There are more members than were looked at.</p> : null}
    </Note>
  )
}
