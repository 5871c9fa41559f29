#!/bin/bash
# Starts one Kafka node. KAFKA_SOME_NAME becomes the setting some.name (___ a dash, __ an underscore), CLUSTER_ID the
# cluster's id, KAFKA_HEAP_OPTS options of Java: the names of Apache's own image, so that either can be used.
set -euo pipefail
config=/tmp/server.properties
cp /etc/kafka/server.properties "$config"
while IFS='=' read -r -d '' name value; do
  case $name in
    KAFKA_HEAP_OPTS | KAFKA_OPTS) ;;
    KAFKA_*)
      setting=${name#KAFKA_}
      setting=${setting,,}
      setting=${setting//___/-}
      setting=${setting//__/$'\1'}
      setting=${setting//_/.}
      echo "${setting//$'\1'/_}=$value" >>"$config"
      ;;
  esac
done < <(env -0)
java=(java ${KAFKA_HEAP_OPTS:--Xms256m -Xmx512m} -XX:+UseSerialGC -Djava.awt.headless=true
  -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -Dorg.slf4j.simpleLogger.showDateTime=true -cp '/opt/kafka/*')
"${java[@]}" kafka.tools.StorageTool format --cluster-id "${CLUSTER_ID:-$("${java[@]}" kafka.tools.StorageTool random-uuid)}" \
  --config "$config" --ignore-formatted
exec "${java[@]}" kafka.Kafka "$config"
