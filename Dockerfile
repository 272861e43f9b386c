# syntax=docker/dockerfile:1
# The service with its page. docs/operations.md says how it is run.

FROM node:20-bookworm-slim AS node

FROM rust:1.95-bookworm AS build
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
    && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx \
    && rustup target add wasm32-unknown-unknown
WORKDIR /source
COPY . .
# The image that it ends in has no zlib.
ENV LIBZ_SYS_STATIC=1
# The binary embeds the page, so that comes first.
RUN cargo xtask page \
    && cargo build --release --locked --package mqtt-presence \
    && mkdir /data

# glibc, certificates of authorities and a user without rights; no shell.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /source/target/release/mqtt-presence /usr/local/bin/mqtt-presence
COPY --from=build --chown=65532:65532 /data /data
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 8787
# Others reach it, so it wants a token; this is where that lies, not the token.
# hadolint ignore=DL3064
ENV MQTT_PRESENCE_CONFIG=/etc/mqtt-presence/mqtt-presence.toml \
    MQTT_PRESENCE_API__BIND=0.0.0.0:8787 \
    MQTT_PRESENCE_API__TOKEN_FILE=/run/secrets/token
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["mqtt-presence", "health"]
ENTRYPOINT ["mqtt-presence"]
CMD ["serve"]
