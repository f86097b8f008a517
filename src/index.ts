export { type BridgeAdapter, createAdapter } from "./adapter/adapter.js";
export type { BridgeHandle, BridgeStats, ObservedEmit, Rejection } from "./adapter/observe.js";
export type { Bus, BusStatus, DropReason } from "./bus/bus.js";
export { memoryBus } from "./bus/memory.js";
export {
  type AskedArgs,
  type AskTarget,
  createEmitter,
  type EmitTarget,
  type Emitter,
  type EmitterNamespace,
  type EventsMap,
} from "./emitter/emitter.js";
export { BridgeError, type BridgeErrorCode, IncompleteError } from "./errors.js";
export type { Logger } from "./log.js";
export type {
  AdapterOptions,
  ChannelOptions,
  EmitterOptions,
  OutageOptions,
  PythonHostsMode,
  ReaderOptions,
  RecoveryLimits,
} from "./options.js";
export type { LegacyPickle } from "./protocol/decode.js";
export type { Dialect } from "./protocol/dialect.js";
export type { Encoding } from "./protocol/encoders.js";
export type { RejectReason, WireRoom } from "./protocol/messages.js";
