import { CheckIcon, CopyIcon } from '@radix-ui/react-icons'
import { useState } from 'react'
import { Button, IconButton } from './button.tsx'
import { toast } from './toast-store.ts'
import './copy.css'

/** Puts a text on the clipboard, and says that it did. */
export function CopyButton(props: {
  readonly text: string
  /** What is copied, such as "decision id". */
  readonly what: string
  readonly isIcon?: boolean
}) {
  const [isCopied, setCopied] = useState(false)
  const copy = async (): Promise<void> => {
    if (!(await copyText(props.text))) {
      toast('The browser did not let this page copy. Mark the text and copy it by hand.', 'bad')
      return
    }
    setCopied(true)
    toast(`Copied the ${props.what}.`)
    setTimeout(() => setCopied(false), 2000)
  }
  const icon = isCopied ? <CheckIcon aria-hidden="true" /> : <CopyIcon aria-hidden="true" />
  if (props.isIcon === true) {
    return (
      <IconButton label={`Copy the ${props.what}`} size="small" onPress={() => void copy()}>
        {icon}
      </IconButton>
    )
  }
  return (
    <Button size="small" icon={icon} label={`Copy the ${props.what}`} onPress={() => void copy()}>
      {isCopied ? 'Copied' : 'Copy'}
    </Button>
  )
}

/** Commands or code to copy. */
export function CodeBlock({ code, what }: { readonly code: string; readonly what: string }) {
  return (
    <div className="code-block">
      {/* A block that scrolls has to be reachable with the keyboard. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls */}
      <pre tabIndex={0} role="region" aria-label={what}>
        <code>{code}</code>
      </pre>
      <CopyButton text={code} what={what} />
    </div>
  )
}

/** The clipboard API exists on https and loopback only; elsewhere a marked text is copied as of old. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const area = document.createElement('textarea')
    area.value = text
    area.className = 'spoken'
    document.body.append(area)
    area.select()
    const isCopied = document.execCommand('copy')
    area.remove()
    return isCopied
  }
}
