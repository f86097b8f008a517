export { type BridgeAdapter, createAdapter } from "./adapter/create-adapter.js";
export type { BridgeHandle, BridgeStats, ObservedEmit, RejectedMessage } from "./adapter/reporting/handle.js";
export type { Bus, BusStatus, DropReason } from "./bus/bus.js";
export { memoryBus } from "./bus/memory.js";
export type { BusSource, RedisClientLike } from "./bus/open.js";
export type { OutageOptions } from "./bus/options.js";
export type { PythonHostsMode } from "./cluster/python-hosts.js";
export {
  type AckEmitTarget,
  type ArgsWithoutAck,
  createEmitter,
  type EmitTarget,
  type Emitter,
  type EmitterNamespace,
  type EventsMap,
} from "./emitter/emitter.js";
export { BridgeError, type BridgeErrorCode, IncompleteError } from "./errors.js";
export type { AdapterOptions, ChannelOptions, EmitterOptions, ReaderOptions, RecoveryLimits } from "./options.js";
export type { LegacyPickle } from "./protocol/decode.js";
export type { Encoding } from "./protocol/encoders.js";
export type { Dialect } from "./protocol/model/dialect.js";
export type { RejectReason, WireRoom } from "./protocol/model/messages.js";
export type { Logger } from "./util/logger.js";
