import { Cross2Icon } from '@radix-ui/react-icons'
import { createContext, useContext, useEffect, useState, type ReactNode } from 'react'
import { Dialog as AriaDialog } from 'react-aria-components/Dialog'
import { Heading } from 'react-aria-components/Heading'
import { Modal, ModalOverlay } from 'react-aria-components/Modal'
import { ApiFailure } from '../data/api.ts'
import { Button, IconButton } from './button.tsx'
import { FailureNote } from './states.tsx'
import './dialog.css'

/**
 * A dialog over the page: it takes the focus, keeps it, and gives it back; Escape closes it. Open it by rendering it
 * with `isOpen`.
 */
export function Dialog(props: DialogProps) {
  // While it fades it shows what it was closed with: whoever opened it forgets at once what it was about.
  const [last, setLast] = useState(props)
  if (props.isOpen && props !== last) setLast(props)
  const shown = props.isOpen ? props : last
  const [hold, setHold] = useState<Hold>('free')
  const isBusy = props.isBusy === true || hold === 'busy'
  const isHeld = isBusy || props.isKept === true || hold === 'kept'
  return (
    <ModalOverlay
      className="backdrop"
      isOpen={props.isOpen}
      isDismissable={!isHeld && props.role !== 'alertdialog'}
      isKeyboardDismissDisabled={isHeld}
      onOpenChange={(isOpen) => {
        if (!isOpen) props.onClose()
      }}
    >
      <Modal className={`modal ${props.size ?? 'normal'}`}>
        <AriaDialog className="dialog" role={props.role ?? 'dialog'}>
          <header className="dialog-head">
            <Heading slot="title" level={2}>
              {shown.title}
            </Heading>
            <IconButton label="Close" onPress={props.onClose} isDisabled={isBusy}>
              <Cross2Icon />
            </IconButton>
          </header>
          <HoldContext value={setHold}>{shown.children}</HoldContext>
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  )
}

type DialogProps = {
  readonly title: string
  readonly isOpen: boolean
  readonly onClose: () => void
  readonly children: ReactNode
  readonly size?: 'normal' | 'wide'
  /** Something is under way that a press beside the dialog should not end. */
  readonly isBusy?: boolean
  /** It shows something that is not shown again: only its buttons close it. */
  readonly isKept?: boolean
  readonly role?: 'dialog' | 'alertdialog'
}

/**
 * What stands in a dialog says whether it may be closed by the way: while something is under way (`busy`), or while it
 * shows what is not shown again (`kept`), neither Escape nor a press beside it does.
 */
type Hold = 'free' | 'busy' | 'kept'
const HoldContext = createContext<(hold: Hold) => void>(() => undefined)

export function useDialogHold(hold: Hold): void {
  const tell = useContext(HoldContext)
  useEffect(() => {
    tell(hold)
    return () => tell('free')
  }, [tell, hold])
}

/** The buttons at the end of a dialog; the last is the one that most press. */
export function DialogButtons({ children }: { readonly children: ReactNode }) {
  return <div className="dialog-buttons">{children}</div>
}

/**
 * A form in a dialog: its fields, why it could not be sent, and the buttons that leave it and send it. `canSend` says
 * whether what is filled in will do; the Enter key asks, too.
 */
export function DialogForm(props: {
  readonly command: { readonly isPending: boolean; readonly failure: unknown }
  readonly label: string
  readonly canSend?: boolean
  readonly onSend: () => void
  readonly onCancel: () => void
  readonly children: ReactNode
}) {
  const { command, canSend = true } = props
  useDialogHold(command.isPending ? 'busy' : 'free')
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault()
        if (canSend && !command.isPending) props.onSend()
      }}
    >
      {props.children}
      {command.failure === null ? null : <FailureNote failure={command.failure} />}
      <DialogButtons>
        <Button onPress={props.onCancel} isDisabled={command.isPending}>
          Cancel
        </Button>
        <Button kind="main" type="submit" isPending={command.isPending} isDisabled={!canSend}>
          {props.label}
        </Button>
      </DialogButtons>
    </form>
  )
}

/**
 * Asks before something is done, does it, and stays open with the reason where it failed. The words say what will be
 * true afterwards.
 */
export function ConfirmDialog(props: {
  readonly title: string
  readonly children: ReactNode
  readonly confirmLabel: string
  readonly isDangerous?: boolean
  readonly isOpen: boolean
  readonly onClose: () => void
  readonly onConfirm: () => Promise<unknown>
}) {
  const [isPending, setPending] = useState(false)
  const [failure, setFailure] = useState<ApiFailure | null>(null)
  const close = (): void => {
    setFailure(null)
    props.onClose()
  }
  const confirm = async (): Promise<void> => {
    setPending(true)
    setFailure(null)
    try {
      await props.onConfirm()
      close()
    } catch (error) {
      setFailure(ApiFailure.of(error))
    } finally {
      setPending(false)
    }
  }
  return (
    <Dialog
      title={props.title}
      isOpen={props.isOpen}
      onClose={close}
      isBusy={isPending}
      role="alertdialog"
    >
      <div className="stack">{props.children}</div>
      {failure === null ? null : <FailureNote failure={failure} />}
      <DialogButtons>
        <Button onPress={close} isDisabled={isPending}>
          Cancel
        </Button>
        <Button
          kind={props.isDangerous === true ? 'danger-main' : 'main'}
          isPending={isPending}
          onPress={() => void confirm()}
        >
          {props.confirmLabel}
        </Button>
      </DialogButtons>
    </Dialog>
  )
}
