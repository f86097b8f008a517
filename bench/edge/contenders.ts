/** The two applications, each one file in Python beside this one. */
export type Application = "flask-socketio" | "async-server";

/** What serves the application. */
export type WorkerClass = "gthread" | "gevent" | "granian" | "uvicorn";

/** A way to serve an application to clients. */
export interface Contender {
  readonly title: string;
  readonly application: Application;
  readonly workerClass: WorkerClass;
  /** Whether the clients connect to an edge in front of it. */
  readonly hasEdge: boolean;
  /** Processes of Python; without an edge, there can be no more than one. */
  readonly workers: number;
}

const flask = (title: string, workerClass: WorkerClass, hasEdge: boolean, workers = 1): Contender => ({
  ...{ title, application: "flask-socketio", workerClass, hasEdge, workers },
});
const async = (title: string, hasEdge: boolean): Contender => ({
  ...{ title, application: "async-server", workerClass: "uvicorn", hasEdge, workers: 1 },
});

export const CONTENDERS = {
  gthread: flask("Flask-SocketIO, gthread", "gthread", false),
  gevent: flask("Flask-SocketIO, gevent", "gevent", false),
  asgi: async("AsyncServer, uvicorn", false),
  "edge-gthread": flask("edge, Flask-SocketIO, gthread", "gthread", true),
  "edge-gevent": flask("edge, Flask-SocketIO, gevent", "gevent", true),
  "edge-asgi": async("edge, AsyncServer, uvicorn", true),
  "edge-granian": flask("edge, Flask-SocketIO, granian", "granian", true),
  "edge-gthread-4": flask("edge, Flask-SocketIO, 4 gthread workers", "gthread", true, 4),
  "edge-granian-4": flask("edge, Flask-SocketIO, 4 granian workers", "granian", true, 4),
} as const satisfies Readonly<Record<string, Contender>>;

export type ContenderName = keyof typeof CONTENDERS;

export const CONTENDER_NAMES = Object.keys(CONTENDERS) as readonly ContenderName[];
