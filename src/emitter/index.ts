/** The entry `socketio-python-bridge/emitter`, for processes that have no socket.io installed. */
export type { Bus, BusStatus, DropReason } from "../bus/bus.js";
export { memoryBus } from "../bus/memory.js";
export type { BusSource, RedisClientLike } from "../bus/open.js";
export type { Credentials, CredentialsProvider, OutageOptions } from "../bus/options.js";
export type { PythonHostsMode } from "../cluster/python-hosts.js";
export { BridgeError, type BridgeErrorCode, IncompleteError } from "../errors.js";
export type { ChannelOptions, EmitterOptions, ReaderOptions } from "../options.js";
export type { Encoding } from "../protocol/encoders.js";
export type { Dialect } from "../protocol/model/dialect.js";
export type { LegacyPickle } from "../protocol/model/legacy-pickle-modes.js";
export type { WireRoom } from "../protocol/model/messages.js";
export type { Logger } from "../util/logger.js";
export { createEmitter } from "./create-emitter.js";
export type { AckEmitTarget, EmitTarget, Emitter, EmitterNamespace, TargetModifiers } from "./emitter.js";
export type {
  AckResponse,
  EmitArgs,
  EventNamesWithAck,
  EventNamesWithoutAck,
  EventParams,
  EventsMap,
} from "./event-types.js";
