import type { Flag } from "./flags.js";

export const QUEUE_DEFAULT = "redis://localhost:6379";
export const CHANNEL_DEFAULT = "socketio";

export const ENCODING_FLAG: Flag = {
  type: "string",
  value: "NAME",
  help: "encoding of messages that are written: json or msgpack. Default: json",
};

export const DIALECT_FLAG: Flag = {
  type: "string",
  value: "RELEASE",
  help: "release of the Python hosts: 5.15, 5.14 (from 5.14.2), 5.13 (from 5.3), 5.2. Default: 5.15",
};
