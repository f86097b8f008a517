export { type BridgeAdapter, createAdapter } from "./adapter/create-adapter.js";
export type {
  BridgeHandle,
  BridgeStats,
  ObservedEmit,
  PeerGroup,
  PeerGroupListener,
  RejectedMessage,
} from "./adapter/reporting/handle.js";
export * from "./emitter/index.js";
export type { AdapterOptions, RecoveryLimits } from "./options.js";
export type { RejectReason } from "./protocol/model/rejection.js";
export { type AllowRequest, checkOrigin } from "./server/check-origin.js";
