import type { CommandContext } from '../command-line.ts'

const notifyMaxMs = 5_000

/** A desktop notification where the system has one; that it has none is no trouble. */
export async function notify(
  text: string,
  { desktop, machine }: Pick<CommandContext, 'desktop' | 'machine'>,
): Promise<boolean> {
  const [program, args] = notifier(machine.platform, text)
  const { code } = await desktop.run(program, args, { timeoutMs: notifyMaxMs })
  return code === 0
}

const title = 'Plimsoll doctor'

/** The text is ours alone: no message of anybody goes into another program's script. */
function notifier(platform: NodeJS.Platform, text: string): readonly [string, readonly string[]] {
  if (platform === 'darwin') {
    const script = `display notification ${JSON.stringify(text)} with title ${JSON.stringify(title)}`
    return ['osascript', ['-e', script]]
  }
  if (platform === 'win32') {
    const words = text.replaceAll("'", "''")
    const script = `Add-Type -AssemblyName System.Windows.Forms; $n = New-Object System.Windows.Forms.NotifyIcon; $n.Icon = [System.Drawing.SystemIcons]::Information; $n.Visible = $true; $n.ShowBalloonTip(5000, '${title}', '${words}', 'Info'); Start-Sleep 3`
    return ['powershell', ['-NoProfile', '-Command', script]]
  }
  return ['notify-send', [title, text]]
}
