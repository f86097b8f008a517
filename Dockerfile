# `serve` of this checkout: docker build --tag socketio-python-bridge . && docker run --rm socketio-python-bridge --help
# docs/edge.md says how it is run in front of a Python application.
FROM node:24-slim AS build
ARG npm_config_registry
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig*.json LICENSE ./
COPY scripts/build.mjs scripts/
COPY src src
COPY interop interop
COPY python-fixtures/*.py python-fixtures/
RUN mkdir /app && tar --extract --gzip --strip-components=1 --directory=/app --file="$(npm pack --silent)"
# With the dependencies of package-lock.json. socket.io and the clients of brokers are peer dependencies of the package and
# come with those of development, which are left out, so they are named. ZeroMQ's is built for other systems too.
RUN cp package-lock.json .npmrc /app/ \
  && cd /app \
  && npm install --omit=dev --ignore-scripts --save-prod --save-exact $(node -p ' \
  const { devDependencies: pinned } = require("./package.json"); \
  ["socket.io", "amqplib", "@platformatic/kafka", "zeromq"].map((name) => `${name}@${pinned[name]}`).join(" ")') \
  && rm -rf node_modules/zeromq/build/darwin node_modules/zeromq/build/win32

FROM node:24-slim
COPY --from=build /app /app
WORKDIR /app
ENV NODE_ENV=production SOCKETIO_BRIDGE_HOST=0.0.0.0 SOCKETIO_BRIDGE_PORT=3000
EXPOSE 3000
USER node
# It listens when the first worker has answered.
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "--eval", "fetch(`http://127.0.0.1:${process.env.SOCKETIO_BRIDGE_PORT}/health`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/app/dist/src/cli/main.js", "serve"]
