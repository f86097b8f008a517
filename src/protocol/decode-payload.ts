import { reconstruct } from "./json/attachments.js";
import type { EmitPayload, PayloadForm } from "./model/messages.js";
import { type Rejection, RejectionError, toRejection } from "./model/rejection.js";

/** `Manager.emit`: a lone None is no argument, but None in a tuple or a list is one. */
function toArgs(data: unknown, form: PayloadForm): readonly unknown[] {
  if (form === "tuple") {
    return data as readonly unknown[];
  }
  const args = Array.isArray(data) && form === "argument-list" ? data : [data];
  return args.length === 1 && args[0] === null ? [] : args;
}

function restoreBytes(data: unknown): unknown {
  if (!Array.isArray(data) || data.length === 0) {
    throw new RejectionError("wrong_type", "data of a binary emit is not a list with a value in it");
  }
  return reconstruct(data[0], data.slice(1));
}

/**
 * The arguments that clients get, as a Python host would send them: `PubSubManager._handle_emit`. Untrusted input. Never
 * throws. `encodePayload` shows the forms.
 *
 * @param payload - nobody else's: bytes are put into it
 */
export function decodePayload({
  data,
  form,
  binary,
}: EmitPayload): { readonly args: readonly unknown[] } | { readonly rejection: Rejection } {
  try {
    return { args: toArgs(binary ? restoreBytes(data) : data, form) };
  } catch (error) {
    return { rejection: toRejection(error) };
  }
}
