/** JSON has a form for it, but the readers of the channel reject it. A client can send it, unlike a bigint. */
export class UnreadableValue extends TypeError {}
