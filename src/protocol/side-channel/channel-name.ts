/**
 * The channel of Node hosts beside a channel of the fleet.
 *
 * The separator is a dot because Kafka allows nothing in a topic but letters, digits, `.`, `_` and `-`.
 */
export const sideChannelOf = (channel: string): string => `${channel}.node`;
