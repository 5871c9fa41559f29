# Prometheus from Debian's package.
ARG BASE
FROM ${BASE} AS package
RUN apt-get update \
 && apt-get install --yes --no-install-recommends prometheus

FROM ${BASE}
RUN rm -rf /var/lib/apt/lists/* /var/cache/apt/* \
 && find / -xdev -type f -perm /6000 -exec chmod a-s {} + \
 && useradd --system --uid 65532 --user-group --no-create-home --shell /usr/sbin/nologin prometheus \
 && install -d -o prometheus -g prometheus -m 0700 /prometheus
COPY --from=package /usr/bin/prometheus /usr/bin/promtool /usr/bin/
COPY --from=package /usr/share/prometheus /usr/share/prometheus
USER 65532:65532
WORKDIR /prometheus
VOLUME /prometheus
EXPOSE 9090
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9090"]
ENTRYPOINT ["prometheus"]
CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]
