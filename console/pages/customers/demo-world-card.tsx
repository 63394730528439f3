import { useState } from 'react'
import { useSession } from '../../data/session.ts'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { RemoveDemoDialog } from './remove-demo-dialog.tsx'

/** The first look at an installation is a made-up one; whoever means it has one click to an empty desk. */
export function DemoWorldCard() {
  const { hasDemoWorld } = useSession()
  const [isRemoving, setRemoving] = useState(false)
  if (!hasDemoWorld) return null
  return (
    <Card
      title="Demo world"
      lead="Customers, members and four weeks of requests that were made up when this installation was new, so that there is something to look at."
      actions={
        <Button kind="danger" onPress={() => setRemoving(true)}>
          Remove the demo world
        </Button>
      }
    >
      <RemoveDemoDialog isOpen={isRemoving} onClose={() => setRemoving(false)} />
    </Card>
  )
}
