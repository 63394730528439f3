/**
 * Whether somebody is there. Pages read anew by themselves, and that is no use of a session: without it, one on a
 * screen that nobody looks at would never end.
 */
const absentAfterMs = 5 * 60_000

let lastMs = Date.now()
const note = (): void => {
  lastMs = Date.now()
}
for (const event of ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart']) {
  addEventListener(event, note, { passive: true, capture: true })
}

/** What a request says of it. */
export const attendanceHeaders = (): Record<string, string> =>
  Date.now() - lastMs < absentAfterMs ? {} : { 'x-plimsoll-unattended': '1' }
