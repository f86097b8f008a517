/** What can be attacked with, by its name on the command line. */
export const ATTACK_NAMES = ["floods", "heavy", "clients", "brokers"] as const;
export type AttackName = (typeof ATTACK_NAMES)[number];
