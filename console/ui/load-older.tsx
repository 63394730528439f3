import { Button } from './button.tsx'

/** At the end of a list that goes on: reads the next rows, or says that there are none. */
export function LoadOlder(props: {
  readonly hasMore: boolean
  readonly isLoading: boolean
  readonly onLoad: () => void
  readonly label?: string
  readonly endWords?: string
}) {
  return (
    <div className="row load-older">
      {props.hasMore ? (
        <Button isPending={props.isLoading} onPress={props.onLoad}>
          {props.label ?? 'Load older'}
        </Button>
      ) : (
        <p className="soft small">{props.endWords ?? 'That is all.'}</p>
      )}
    </div>
  )
}
