# A Socket.IO server with this checkout's socketio-python-bridge.
FROM node:24-slim AS build
ARG npm_config_registry
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig*.json ./
COPY scripts/build.mjs scripts/
COPY src src
COPY interop interop
# Drop the development dependencies. socket.io, a peer dependency of the package, is one of them, so install it again.
RUN npm run build \
  && npm install --omit=dev --ignore-scripts --save-prod --save-exact \
  "socket.io@$(node -p 'require("socket.io/package.json").version')"

FROM node:24-slim
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY examples/mixed-fleet/node-server.mjs ./
USER node
CMD ["node", "node-server.mjs"]
