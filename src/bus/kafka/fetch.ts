import type { API, Reader } from "@platformatic/kafka";
import type { Kafka } from "./connection.js";

/** What one partition holds from the requested position on. */
export interface FetchedPartition {
  readonly partition: number;
  /** An error code of Kafka; 0 is none. */
  readonly errorCode: number;
  readonly batches: readonly FetchedBatch[];
}

/** Records that were produced, and may be compressed, together. */
export interface FetchedBatch {
  /** Where the next batch begins. */
  readonly nextOffset: bigint;
  readonly records: readonly { readonly offset: bigint; readonly value: Uint8Array | null }[];
  /** Why this batch cannot be read; the next one can. */
  readonly error?: Error;
}

export interface FetchArguments {
  readonly topic: string;
  /** Longest that the broker waits for a first record, in milliseconds. */
  readonly maxWait: number;
  readonly positions: readonly { readonly partition: number; readonly offset: bigint }[];
}

/** Limits of one partition and of one response, unless a single batch is larger. */
const PARTITION_BYTES = 1024 * 1024;
const RESPONSE_BYTES = 8 * PARTITION_BYTES;

/** The offset of a batch and, in the last four bytes, the size of what follows. */
const BATCH_PREFIX = 12;
const MAGIC_AT = 16;
const ATTRIBUTES_AT = 21;
const LAST_DELTA_AT = 23;

/** Marks batches that begin and end transactions. */
const CONTROL = 0x20;

/** By the lowest bits of a batch's attributes. */
const CODECS = ["no compression", "gzip", "snappy", "lz4", "zstd"];
const CODEC_MASK = 0x07;

/**
 * Fetch, version 11 (KIP-392), which Kafka 2.3 and later support. In the client library's own API, one batch that it
 * cannot decompress hides all others, and where to read on.
 */
export function fetchApi({
  createAPI,
  Reader,
  Writer,
  readRecordsBatch,
}: Kafka): API<[FetchArguments], FetchedPartition[]> {
  return createAPI<[FetchArguments], FetchedPartition[]>(
    1,
    11,
    ({ topic, maxWait, positions }: FetchArguments) =>
      Writer.create()
        .appendInt32(-1) // no replica
        .appendInt32(maxWait)
        .appendInt32(1) // answer as soon as there is anything
        .appendInt32(RESPONSE_BYTES)
        .appendInt8(0) // transactions that are not committed too, as kafka-python by default
        .appendInt32(0) // no session
        .appendInt32(-1)
        .appendArray(
          [topic],
          (writer) =>
            writer.appendString(topic, false).appendArray(
              [...positions],
              (each, { partition, offset }) =>
                each
                  .appendInt32(partition)
                  .appendInt32(-1) // any leader epoch
                  .appendInt64(offset)
                  .appendInt64(-1n)
                  .appendInt32(PARTITION_BYTES),
              false,
              false,
            ),
          false,
          false,
        )
        .appendArray([], () => {}, false, false)
        .appendString("", false),
    (_correlation, _key, _version, reader) => {
      reader.skip(4 + 2 + 4); // throttle time, error, session
      const topics = reader.readArray(
        (each) => {
          each.readString(false);
          return each.readArray((one) => readPartition(one, readBatch), false, false);
        },
        false,
        false,
      );
      return topics.flat();
    },
    false,
    false,
  );

  function readBatch(bytes: Buffer): FetchedBatch {
    const first = bytes.readBigInt64BE(0);
    const magic = bytes[MAGIC_AT];
    if (magic !== 2) {
      const error = new Error(`records of format ${magic}, older than Kafka 0.11`);
      return { nextOffset: first + 1n, records: [], error };
    }
    const nextOffset = first + BigInt(bytes.readInt32BE(LAST_DELTA_AT)) + 1n;
    const attributes = bytes.readInt16BE(ATTRIBUTES_AT);
    if ((attributes & CONTROL) !== 0) {
      return { nextOffset, records: [] };
    }
    try {
      const { records } = readRecordsBatch(Reader.from(bytes));
      return {
        nextOffset,
        records: records.map(({ offsetDelta, value }) => ({ offset: first + BigInt(offsetDelta), value })),
      };
    } catch (cause) {
      // Untrusted input. The message of a decompressor can be anything, so the codec is named.
      const error = new Error(`${CODECS[attributes & CODEC_MASK]}: ${(cause as Error).message}`);
      return { nextOffset, records: [], error };
    }
  }
}

function readPartition(reader: Reader, readBatch: (bytes: Buffer) => FetchedBatch): FetchedPartition {
  const partition = reader.readInt32();
  const errorCode = reader.readInt16();
  reader.skip(8 + 8 + 8); // high watermark, last stable offset, start of the log
  reader.readArray((each) => each.skip(8 + 8), false, false); // aborted transactions
  reader.skip(4); // preferred replica
  const bytes = reader.readNullableBytes(false) ?? Buffer.alloc(0);
  const batches: FetchedBatch[] = [];
  for (let at = 0; at + BATCH_PREFIX <= bytes.length; ) {
    const end = at + BATCH_PREFIX + bytes.readInt32BE(at + BATCH_PREFIX - 4);
    // The last one may be truncated.
    if (end > bytes.length || end <= at + MAGIC_AT) {
      break;
    }
    batches.push(readBatch(bytes.subarray(at, end)));
    at = end;
  }
  return { partition, errorCode, batches };
}
