import type { Refusal } from './verdict/evidence.ts'

/** A gateway that refused in the vendor's place: its limits and its extra usage are on no page of the vendor. */
export type OtherService = {
  /** As it stands in a sentence. */
  readonly name: string
  /** By what it shows. */
  readonly why: string
  readonly origin: string | undefined
}

const vendorHosts = /^(.+\.)?(anthropic\.com|claude\.ai|claude\.com)$/
/** As the vendor's own API writes them; one that passed through a gateway stays. */
const vendorRequestId = /^req_011[A-Za-z0-9]{20,}$/
/** As a Plimsoll gateway makes them: 16 of its letters. */
const plimsollRequestId = /^req_[0-9a-hjkmnp-tv-z]{16}$/

export function otherService(
  refusal: Refusal | undefined,
  baseUrl: string | undefined,
): OtherService | undefined {
  const requestId = refusal?.requestId ?? ''
  if (refusal === undefined || vendorRequestId.test(requestId)) return undefined
  const url = baseUrl !== undefined && URL.canParse(baseUrl) ? new URL(baseUrl) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol) && !vendorHosts.test(url.hostname)) {
    const name = `the gateway at ${url.host}`
    // Evidence stands in reports for support as well, which name no host of the person's own.
    const why =
      'the client is set to a host that is not the vendor’s (ANTHROPIC_BASE_URL): whose limits and extra usage these are is for that gateway to say'
    return { name, why, origin: url.origin }
  }
  if (!plimsollRequestId.test(requestId)) return undefined
  const why = `the request id ${requestId} is one of a Plimsoll gateway: its limits and extra usage are its own, not the vendor’s`
  return { name: 'the Plimsoll gateway that your client uses', why, origin: undefined }
}
