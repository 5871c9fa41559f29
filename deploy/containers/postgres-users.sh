#!/bin/bash
# The application's user, who is no superuser, and the standby's where there is one; run by the image on the first start
# (deploy/README.md says the same for a database of one's own).
set -euo pipefail
psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --set=password="$WRITEBACK_DATABASE_PASSWORD" --dbname="$POSTGRES_DB" <<'SQL'
CREATE ROLE writeback LOGIN PASSWORD :'password';
GRANT CREATE, CONNECT, TEMPORARY ON DATABASE writeback TO writeback;
GRANT ALL ON SCHEMA public TO writeback;
GRANT pg_monitor TO writeback;
SQL
if [[ -n ${REPLICATION_PASSWORD:-} ]]; then
  psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --set=password="$REPLICATION_PASSWORD" --dbname="$POSTGRES_DB" <<'SQL'
CREATE ROLE replicator REPLICATION LOGIN PASSWORD :'password';
SQL
  echo 'host replication replicator all scram-sha-256' >>"$PGDATA/pg_hba.conf"
fi
