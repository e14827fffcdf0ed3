# syntax=docker/dockerfile:1
# Artel in a small image: one binary on a slim Debian, run by a user without rights.
ARG RUST_VERSION=1.95
ARG DEBIAN=bookworm

FROM rust:${RUST_VERSION}-slim-${DEBIAN} AS build
WORKDIR /build

# The dependencies, in a layer that only Cargo.toml and Cargo.lock can change: empty crates stand in for ours.
COPY Cargo.toml Cargo.lock ./
COPY entity/Cargo.toml entity/
COPY migration/Cargo.toml migration/
RUN mkdir -p src entity/src migration/src \
    && echo 'fn main() {}' > src/main.rs \
    && touch src/lib.rs entity/src/lib.rs migration/src/lib.rs \
    && cargo build --release --locked --bin artel \
    && rm -rf src entity/src migration/src

COPY entity entity
COPY migration migration
COPY static static
COPY src src
# Files keep the times of the checkout, which may be older than the empty crates; --version proves which one was built.
RUN find src entity migration -name '*.rs' -exec touch {} + \
    && cargo build --release --locked --bin artel \
    && ./target/release/artel --version

FROM debian:${DEBIAN}-slim
LABEL org.opencontainers.image.title="Artel" \
      org.opencontainers.image.description="A real-time session engine for billiards" \
      org.opencontainers.image.licenses="MIT"
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin artel \
    && install -d -o artel -g artel -m 0750 /data
# For amqps:// and https://; copied, so that nothing is installed here.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --chmod=0755 deploy/healthcheck /usr/local/bin/artel-healthcheck
COPY --from=build /build/target/release/artel /usr/local/bin/artel

USER 10001:10001
WORKDIR /data
ENV ARTEL_LISTEN=0.0.0.0:8080 \
    ARTEL_DATA_DIR=/data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["artel-healthcheck"]
ENTRYPOINT ["artel"]
CMD ["serve"]
